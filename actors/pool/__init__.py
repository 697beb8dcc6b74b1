"""Many engines as one. Knows nothing of weights.

slot.py        an engine's place in the pool, and the engine that holds it at one moment
dispatch.py    which engine is asked what; prompts of an engine that died are asked again
pool.py        start, generate, reason; an engine that died gets a successor
idle_share.py  the share of time in which engines had nothing to do
"""
