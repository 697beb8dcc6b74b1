"""What is written, counted and shown about a run. Knows neither Ray nor torch, so that `report` and `track sync` start at once.

runs/             a run's directory: what is where, checkpoints written aside, metrics.jsonl
parts.py          work on many rows that is kept in parts
files.py          files and folders that are whole or not there
shared_folders.py a folder of large files at a second place
checks.py         what its records must look like to be read again
metrics.py        a step's numbers
measures.py       held-out measures of greedy completions, and the chance and majority levels beside them
results.py        what every stage measured: summary.json, and at the end a table and a model
rollouts.py       a step's samples in a parquet file, and read again; rollout_schema.py: its columns
background.py     what is written while the run goes on with its next step
tracking/         MLflow, fed from the directory
report.py         report.html, the page about a run
model_card/       README.md and the settings in a model's folder
console.py        lines and tables on the terminal
time_left.py      progress of a phase and the time left in it
reasoned_view.py  a clip's stage-wise reasoning on the terminal
log.py            logs/driver.log
interrupts.py     Ctrl-C and SIGTERM as an exception
endings.py        how a command ends: exit status and one line
"""
