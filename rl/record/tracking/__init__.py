"""MLflow, which is told what the run directory already holds.

tracker.py         one MLflow run, as whoever trains or evaluates uses it
identity.py        which MLflow run a folder belongs to
new_run.py         a new one, with tags that say what it goes on with
server.py          where MLflow is, and how long it is waited for
names.py           names and values as MLflow takes them
points.py          what was measured, as points of metrics
parameters.py      settings, and those that were changed on a resume
traces.py          samples as traces
artifacts.py       files that MLflow has a copy of
sending.py         parameters, tags and points on their way, many at once
catching_up.py     what MLflow lacks of a folder is sent
missing_points.py  … of its metrics
missing_traces.py  … of its samples
ending.py          how a run ended, for MLflow to be told later
"""
