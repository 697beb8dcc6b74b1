"""Commands that are more than a few lines, one file each; `rl/cli.py` puts them together.

train.py       a run is begun, gone on with or forked
track.py       MLflow is told of runs
data.py        data sets are made; puts together what else is done with them
data_check.py  data sets are checked
data_trees.py  rationales in words become rows that teach trees
evaluate.py    a model is measured
export.py      a run's model becomes a folder to share
replay.py      recorded steps are learned from again
reason.py      clips are reasoned about
"""
