"""Reinforcement learning: the command line, the training loop, and the rooms beneath it, from top to bottom.

cli.py    `affectree`: reads the command line
train.py  the loop: generate, score, advantage, update, sync, record
run/      what needs the workers: their handles, steps, prefetch, evaluation
data_trees/  rationales in words become rows that teach trees
doctor/   whether a run will work on this machine
record/   what is written, counted and shown
evaluation/  what a model is asked, how answers are measured, and what is said of them
learner/  one learner rank: batch, policy, update
config/   the configuration: its fields, reading and checking it
algo/     the mathematics: advantages, credit, losses, filters, schedules
"""
