"""The sections of a configuration: a file for what belongs together, with a docstring beneath every field.

data.py         rows, their media, the faces that are drawn
model.py        the checkpoint, the tiny model, adapters
curriculum.py   supervised stages
batch.py        how the rows of a step are drawn
grpo.py         the objective, its steps, and how it samples
learner.py      learner ranks
rollout.py      engines, and how they get new weights
rewards.py      scorers and their mix
evaluation.py   what is measured on held-out rows
records.py      checkpoints and tracking
cluster.py      where Ray is
"""
