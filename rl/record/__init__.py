"""What is written, counted and shown about a run. Knows neither Ray nor torch, so that `report` and `track sync` start at once.

directory.py      a run's directory: what is where, checkpoints written aside, metrics.jsonl
progress.py       how far a run has come, as a checkpoint says it
files.py          files and folders that are whole or not there
checks.py         what its records must look like to be read again
metrics.py        a step's numbers
measures.py       held-out measures of greedy completions, and the chance and majority levels beside them
results.py        what every stage measured: summary.json, and at the end a table and a model
rollouts.py       a step's samples as a parquet file
tracking.py       MLflow, fed from the directory
traces.py         samples as MLflow traces
report.py         report.html, the page about a run
console.py        lines and tables on the terminal
time_left.py      progress of a phase and the time left in it
reasoned_view.py  a clip's stage-wise reasoning on the terminal
log.py            logs/driver.log
interrupts.py     Ctrl-C and SIGTERM as an exception
endings.py        how a command ends: exit status and one line
"""
