"""The learner ranks as Ray actors.

actor.py   one rank: hosts a `Learner` and sends its weights
ranks.py   all ranks' actors: placed, asked in one order, waited for with a bound
group.py   what a run asks of them: prompts, updates, log-probs, weights, files
"""
