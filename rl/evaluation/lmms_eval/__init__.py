"""What lmms-eval reads and writes (lmms-eval 0.5 and later; lmms_eval/loggers/evaluation_tracker.py, lmms_eval/api/task.py).

- `logs`: an evaluation as lmms-eval logs one
- `task`: a task with which lmms-eval asks the same rows; `task_functions`: the Python that its YAML names
"""
