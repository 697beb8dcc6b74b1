"""Will a run work on this machine? What `affectree train` checks before it starts a process, and `affectree doctor` in full.

diagnosis.py   every check together: `quick` before a run, `diagnose` for the doctor
finding.py     what a check found, and the table of all findings
machine.py     operating system, Python, compilers, open files, processors, memory
places.py      home and its caches, the temporary folder, shared memory, what earlier runs left half done
disk.py        what a run will write, and whether there is room for it
gpus.py        GPUs, their driver, vLLM's build
checkpoint.py  the model to begin with
rows.py        the data
services.py    MLflow and the Ray cluster
variables.py   the variables that workers are given

No file imports Ray or torch before it needs them, and `quick` needs neither.
"""
