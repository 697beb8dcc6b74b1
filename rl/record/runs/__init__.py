"""The directory of a run: what is where in it, and the few ways in which its files change.

directory.py    paths, and how a run is made and opened
checkpoints.py  checkpoints, written aside, each with its progress
metrics_file.py metrics.jsonl, the source of truth
sources.py      texts of functions of the user's own
progress.py     how far a run has come, as a checkpoint says it
beginning.py    a run that is new
resumption.py   … that goes on, with settings that may be others
fork.py         … that begins at a checkpoint of another
history.py      when it was begun, resumed or forked, with which changes
earlier_results.py what was measured at an end that it has gone on from
owner.py        the one process that trains a run; terms.py: the files that say so; process.py: whether another process lives
place.py        whether the folder is a copy
written_config.py the settings as the run wrote them, to notice edits
completeness.py whether the records hold what the checkpoint has done
errors.py       what is raised for a directory that cannot be used
"""
