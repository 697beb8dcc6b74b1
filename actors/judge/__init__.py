"""The judge that a run hosts: a language model that answers scorers' questions and is never trained.

hosted.py     the judge as scorers have it, and its start and end
server.py     takes the questions of all who ask, keeps the answers, counts
pool.py       the judge's engines as one thing
engine.py     one engine: a Ray actor around vLLM
chat.py       questions as vLLM's requests
"""
