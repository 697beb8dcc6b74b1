"""The Ray actors of a run, and the cluster that they live in.

cluster.py          joining or starting a Ray cluster, waiting for actors
cluster_record.py   what Ray has left on this machine of the cluster that was started last
determinism.py      environment variables of runs that are to be alike
environment.py      environment variables of every process of a run
folders.py          what a folder is fit for
forwarding.py       variables of the driver that actors are given
job.py              what the Ray job has set that a run is part of
logs.py             what actors print, into the run's folder
reward_workers.py   workers that score groups, and their pool
engine/             one engine: a Ray actor around vLLM
pool/               many engines as one
judge/              the language model that scorers ask, on engines of its own
learners/           the learner ranks
weights/            a set of weights on its way
sync/               new weights from the learner ranks to the engines
"""
