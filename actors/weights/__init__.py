"""A set of weights on its way from the learner to the engines. Knows neither Ray nor vLLM.

handles.py   what an engine is told: where the weights lie, or which group to join; imports no torch
image.py     all weights as one safetensors image in shared memory: writer and reader
group.py     all weights by broadcast: sender's and receivers' end
sender.py    one learner rank's end of both
"""
