"""What a run talks to: MLflow, and the Ray cluster that it joins or starts."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from actors.cluster_record import recorded_cluster
from actors.folders import writable
from rl.config.schema import Config
from rl.doctor.finding import Finding
from rl.doctor.gpus import asked_gpus

ANSWER_SECONDS = 3.0
"""How long a tracking server has to answer."""
RECORDED_ANSWER_SECONDS = 0.5
"""How long a Ray head on this machine has to answer, which takes one no time."""
CPUS_OF_REWARD_WORKER = 0.1
"""What `actors.reward_workers` asks Ray for."""
LOCAL_CPUS = 4
"""The fewest that a local cluster is given; engine and learner take turns on them."""


def tracker(config: Config, ask: bool = False) -> Finding:
    """Whether MLflow will take what is logged. Never a fault, since a run goes on without it.

    Args:
        config: of the run.
        ask: connect to a server; otherwise only a local database is tried.
    """
    if not config.tracking.mlflow:
        return Finding("mlflow", "ok", "off (tracking.mlflow)")
    later = "the run goes on without it; `affectree track sync RUN` sends what is missing"
    uri = config.tracking.uri or f"sqlite:///{(Path(config.runs) / 'mlflow.db').resolve()}"
    parts = urlsplit(uri)
    if parts.scheme == "sqlite":
        trouble = _trouble_with_database(Path(uri.removeprefix("sqlite:///")))
        advice = f"{later}; set tracking.uri to a database that can be written to"
        return Finding("mlflow", "warning", trouble, advice) if trouble else Finding("mlflow", "ok", uri)
    if parts.scheme not in ("http", "https"):
        if parts.scheme in ("", "file"):
            advice = "use sqlite:///PATH or a server's address as tracking.uri"
            return Finding("mlflow", "warning", f"{uri}: MLflow keeps no runs in plain folders any more", advice)
        return Finding("mlflow", "ok", f"{parts.scheme} (not looked at)")
    shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    trouble = _trouble_with_server(uri) if ask else ""
    return Finding("mlflow", "warning", f"{shown}: {trouble}", later) if trouble else Finding("mlflow", "ok", shown)


def cluster(config: Config) -> Finding:
    """Which cluster a run would join or start, and whether that has what the run asks for. Imports Ray.

    A cluster that answers is joined for a moment; none is started.
    """
    try:
        import ray
    except ImportError:
        return Finding("cluster", "fault", "Ray is not installed", "set the environment up: make setup")

    from actors.cluster import ClusterError, connect, find_cluster, resources

    joined_already = ray.is_initialized()
    try:
        address = find_cluster(config.cluster.address)
        if address is None and not joined_already:
            return local_cluster(config, os.cpu_count() or 1)
        how = connect(config.cluster.address, config.cluster.object_store_gib, {})
    except ClusterError as error:
        what, _, advice = str(error).partition("; ")
        return Finding("cluster", "fault", what, advice)
    try:
        return room(config, resources(), how, may_grow(os.environ))
    finally:
        if not joined_already:
            ray.shutdown()


def local_cluster(config: Config, processors: int) -> Finding:
    """Whether the cluster that a run starts on this machine has enough CPUs; for its GPUs see `gpus.gpus`.

    Args:
        config: of the run.
        processors: of this machine.
    """
    has, asked = max(LOCAL_CPUS, processors), asked_cpus(config)
    shown = f"none is joined, one is started here with {has} CPU; {asked:g} are asked for"
    if asked <= has + 1e-9:
        return Finding("cluster", "ok", shown)
    advice = (
        "ask for less (learner.ranks, learner.cpus, rollout.engines, rollout.cpus, rewards.workers), or join a larger cluster"
    )
    return Finding("cluster", "fault", shown, advice)


def room(config: Config, resources: Mapping[str, float], where: str, grows: bool = False) -> Finding:
    """Whether a cluster would have room for the run if nobody else used it; a run waits for what others use now.

    Args:
        config: of the run.
        resources: everything that the cluster has, from `actors.cluster.resources`.
        where: what to call the cluster in the text.
        grows: the cluster may get more nodes when they are asked for (`may_grow`).
    """
    asked = {"CPU": asked_cpus(config), "GPU": asked_gpus(config)}
    short = {name: count for name, count in asked.items() if count > resources.get(name, 0.0) + 1e-9}
    shown = f"{where}: " + ", ".join(f"{resources.get(name, 0.0):g} {name}" for name in asked)
    if not short:
        return Finding("cluster", "ok", f"{shown}; {asked['CPU']:g} CPU and {asked['GPU']:g} GPU are asked for")
    more = ", ".join(f"{count:g} {name}" for name, count in short.items())
    advice = "ask for less (learner.ranks, learner.gpus, rollout.engines, rollout.gpus, …), or add nodes"
    if grows:
        return Finding(
            "cluster", "warning", f"{shown} now; {more} are asked for", "nodes have to come; see cluster.start_timeout"
        )
    return Finding("cluster", "fault", f"{shown}; {more} are asked for, which will never be free", advice)


def asked_cpus(config: Config) -> float:
    """The CPUs of all actors together, as Ray counts them: shares of a node, not threads."""
    learner, rollout, rewards = config.learner, config.rollout, config.rewards
    judge = rewards.judge.engines * rewards.judge.cpus if rewards.judge else 0.0
    return learner.ranks * learner.cpus + rollout.engines * rollout.cpus + rewards.workers * CPUS_OF_REWARD_WORKER + judge


def may_grow(environ: Mapping[str, str]) -> bool:
    """Whether this machine's cluster may have an autoscaler: KubeRay and Ray's own launcher leave signs of theirs."""
    return "RAY_USAGE_STATS_KUBERAY_IN_USE" in environ or Path("~/ray_bootstrap_config.yaml").expanduser().exists()


def starts_local_cluster(config: Config, environ: Mapping[str, str]) -> bool:
    """Whether a run starts a cluster of its own. Found out without Ray, which takes long to import."""
    named = config.cluster.address or environ.get("RAY_ADDRESS") or None
    if named is not None:
        return named == "local"
    recorded = recorded_cluster(environ)
    return recorded is None or not _listens(recorded)


def _listens(address: str) -> bool:
    """Whether anything takes a connection at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=RECORDED_ANSWER_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _trouble_with_database(file: Path) -> str:
    """Why an SQLite file cannot be used; empty if it can."""
    if not file.exists():
        return "" if writable(file.parent) else f"{file.parent} cannot be written to"
    if not os.access(file, os.W_OK) or not writable(file.parent):
        return f"{file} cannot be written to"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1.0)) as database:
            database.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error as error:
        return f"{file} is not a database that can be used ({error})"
    return ""


def _trouble_with_server(uri: str) -> str:
    """Why a tracking server cannot be used; empty if it can. It is asked as MLflow asks it, through the same proxies."""
    import requests

    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=ANSWER_SECONDS)
    except requests.RequestException as error:
        return f"does not answer ({type(error).__name__})"
    return "" if answer.status_code < 500 else f"answers with status {answer.status_code}"
