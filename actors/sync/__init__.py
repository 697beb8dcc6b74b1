"""New weights from the learner ranks to the engines: how they travel, and what becomes of engines that die meanwhile.

weight_sync.py   a sync: give every engine the weights, check that engine and learner agree; successors of the dead catch up
round.py         one attempt of some engines to take the weights: who did, who died, who has to try again
transfer.py      the contract that every way keeps
registry.py      the ways by name (`rollout.transfer`), a stranger's file among them
memory.py        through host memory
broadcast.py     by broadcast from learner rank 0
adapter.py       LoRA adapters alone
"""
