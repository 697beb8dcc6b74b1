"""Joining or starting a Ray cluster, and waiting for actors with a bound and a reason."""

from __future__ import annotations

import importlib
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from actors.cluster_record import recorded_cluster
from actors.forwarding import forward
from actors.job import beside, job_runtime_env
from rewards.errors import UserError

LOCAL = "local"
"""The value of `cluster.address` for a cluster of the run's own."""
AUTO = "auto"
"""The value of `cluster.address` for the cluster that runs on this machine."""
_SEE_LOGS = "what its process printed is in logs/ of the run directory"
ANSWER_SECONDS = 3.0
"""Seconds that a head is given to answer. On one network it takes milliseconds."""

PACKAGES = ("actors", "rewards", "rl", "rollout")
"""The top-level packages of this project."""


class ClusterError(UserError):
    """The cluster cannot give what the run asks for."""


def check_packages() -> None:
    """Refuse to run where another package shadows one of ours, whose names are common ones.

    Raises:
        ClusterError: naming the folder that the other was imported from.
    """
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = Path(importlib.import_module(name).__file__ or "").resolve().parent.parent
        if found != home:
            raise ClusterError(
                f"package {name!r} was imported from {found}, not from {home}: another project shadows it. "
                "Run from elsewhere, or take that folder off PYTHONPATH."
            )


def connect(address: str | None, object_store_gib: float, environment: dict[str, str], forwarded: Sequence[str] = ()) -> str:
    """Join the cluster that `find_cluster` finds, or start one on this machine.

    Args:
        address: as the config names it.
        object_store_gib: size of the object store, if a cluster is started here.
        environment: variables that every worker process starts with, unless its Ray job sets them. Ray logs them: no secrets.
        forwarded: names and patterns of this process's variables that actors are given besides, as `cluster.env` lists them.

    Returns:
        What was done, for the log.

    Raises:
        ClusterError: if the cluster that is named cannot be joined.
    """
    target = None if ray.is_initialized() else find_cluster(address)
    of_client = target is not None and target.startswith("ray://")  # for which Ray leaves out what the job sets
    job = {} if of_client else job_runtime_env(os.environ)
    forward(forwarded, {*environment, *job.get("env_vars", {})})
    if ray.is_initialized():
        return "joined the Ray cluster of this process"
    runtime_env: dict[str, Any] = {"env_vars": environment}
    if target is None:
        if (python := shlex.quote(sys.executable)) != sys.executable:
            runtime_env["py_executable"] = python  # Ray has a shell start workers, and quotes nothing
        _init(
            address=LOCAL,
            num_cpus=max(4, os.cpu_count() or 1),  # logical: engine and learner take turns on few cores
            include_dashboard=False,
            object_store_memory=int(object_store_gib * 2**30),
            runtime_env=beside(runtime_env, job),
        )
        return "started a local Ray cluster"
    try:
        _init(address=target, runtime_env=beside(runtime_env, job))
    except (ConnectionError, RuntimeError, ValueError) as error:  # nobody there, another version, not an address
        raise ClusterError(
            f"the Ray cluster at {target} cannot be joined ({_one_line(error)}); "
            "set cluster.address to another, or to `local` to start one here"
        ) from error
    return f"joined the Ray cluster at {ray.get_runtime_context().gcs_address}"


def disconnect() -> None:
    """Leave the cluster; one that was started here ends."""
    ray.shutdown()


def _init(**arguments: Any) -> None:
    """`ray.init`, which takes SIGTERM for itself; its handler says nothing. Actors keep their own logs (`actors/logs.py`)."""
    handler = signal.getsignal(signal.SIGTERM)
    ray.init(logging_level=logging.WARNING, log_to_driver=False, **arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def find_cluster(address: str | None) -> str | None:
    """The address of the cluster to join, or None if one is to be started here.

    Args:
        address: `host:port`; `auto` for the cluster that runs on this machine; `local` for one of its own. None takes
            RAY_ADDRESS, which Ray sets in jobs, or else the cluster that runs on this machine if there is one.

    Raises:
        ClusterError: if a cluster is asked for and nobody answers.
    """
    named = address or os.environ.get("RAY_ADDRESS") or None
    if named == LOCAL:
        return None
    origin = "cluster.address" if address else "RAY_ADDRESS"
    if named not in (None, AUTO):
        if not answers(named):
            raise ClusterError(
                f"no Ray cluster answers at {named} ({origin}); start one there, name another, or set cluster.address=local"
            )
        return named
    recorded = recorded_cluster(os.environ)
    if recorded is not None and answers(recorded):
        return recorded
    if named == AUTO:
        raise ClusterError(f"no Ray cluster runs on this machine ({origin}=auto); run `ray start --head`, or set it to local")
    return None


def answers(address: str) -> bool:
    """Whether a gRPC server, as every Ray head is, takes a connection at `[ray://]host:port`."""
    import grpc

    options = [("grpc.enable_http_proxy", 0)]  # as Ray connects
    with grpc.insecure_channel(address.removeprefix("ray://"), options) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=ANSWER_SECONDS)
        except grpc.FutureTimeoutError:
            return False
    return True


def _last_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1].strip()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def resources() -> dict[str, float]:
    """All that the cluster has, by name, used or not."""
    return ray.cluster_resources()


def wait_ready(what: str, refs: Sequence[Any], timeout: float) -> list[Any]:
    """Wait until actors have started. Returns what the references stand for, in order.

    Args:
        what: what errors call them, such as `the learner ranks`.
        refs: references that are ready when the actors are.
        timeout: seconds.

    Raises:
        ClusterError: after `timeout` seconds, with what was asked for and what the cluster has; or if a process died, or a
            library gave up, as vLLM does where memory is short.
        RayTaskError: if an actor raised something else.
    """
    try:
        return ray.get(list(refs), timeout=timeout)
    except RayActorError as death:
        raise ClusterError(f"{what} did not start: {_last_line(death)}; {_SEE_LOGS}") from death
    except RayTaskError as error:
        if type(error.cause) in (RuntimeError, ValueError, OSError):
            said = f"{type(error.cause).__name__}: {_one_line(error.cause)}"
            raise ClusterError(f"{what} did not start: {said}; {_SEE_LOGS}") from error
        raise
    except GetTimeoutError:
        have, free = resources(), ray.available_resources()
        raise ClusterError(
            f"{what} did not start within {timeout:.0f} s. The cluster has {_shown(have)}; free now: {_shown(free)}. "
            "Ask for less (learner.gpus, rollout.gpus, …), add nodes, or raise cluster.start_timeout."
        ) from None


def _shown(resources: dict[str, float]) -> str:
    return ", ".join(f"{resources.get(key, 0):g} {key}" for key in ("CPU", "GPU"))
