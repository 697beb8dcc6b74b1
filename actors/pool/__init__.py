"""Many engines as one. Knows nothing of weights.

slot.py        an engine's place in the pool, and the engine that holds it at one moment
clips.py       prompts about the same media, which stay together
load.py        what engines have to do, and which may be asked for more
queues.py      prompts that wait, and which engine gets which
dispatch.py    engines are asked; prompts of an engine that died are asked again
upkeep.py      engines of any kind are started, replaced when they die, stopped
pool.py        the rollout engines: generate, reason
hit_rates.py   how much of what they were asked engines found in their caches
idle_share.py  the share of time in which engines had nothing to do
"""
