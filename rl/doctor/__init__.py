"""Will a run work on this machine? What is looked at before any process starts, and by `affectree doctor`.

    diagnosis.py   all of it: `quick` before a run, `diagnose` in full, `table` for people
    finding.py     what is said of one thing
    machine.py     operating system, interpreter, compilers, open files, processors, memory
    folders.py     what a folder is fit for
    places.py      home and its caches, the temporary folder, shared memory, leftovers of runs
    disk.py        what a run will write, and the room for it
    gpus.py        GPUs and their driver
    checkpoint.py  the model to begin with
    rows.py        the data
    services.py    MLflow, and the Ray cluster

Nothing here imports ray or torch before it is needed, and `quick` never does.
"""
