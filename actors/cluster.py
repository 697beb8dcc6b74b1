"""Joining or starting a Ray cluster, and waiting for actors with a bound and a reason."""

from __future__ import annotations

import importlib
import logging
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray._private.services import canonicalize_bootstrap_address
from ray.exceptions import GetTimeoutError

LOCAL = "local"
PACKAGES = ("actors", "rewards", "rl", "rollout")


class ClusterError(RuntimeError):
    """The cluster cannot give what the run asks for."""


def check_packages() -> None:
    """Refuse to run where another package shadows one of ours; their names are common ones."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = Path(importlib.import_module(name).__file__ or "").resolve().parent.parent
        if found != home:
            raise ClusterError(
                f"package {name!r} was imported from {found}, not from {home}: another project shadows it. "
                "Run from elsewhere, or take that folder off PYTHONPATH."
            )


def connect(address: str | None, object_store_gib: float, environment: dict[str, str]) -> str:
    """Join the cluster at `address`, the one of this Ray job, or start one on this machine.

    Args:
        address: None for RAY_ADDRESS, which Ray sets in jobs, or else a cluster that runs on this machine;
            `local` always starts one.
        object_store_gib: of a cluster that is started here.
        environment: variables for every worker process.

    Returns:
        What was done, for the log.
    """
    if ray.is_initialized():
        return "joined the Ray cluster of this process"
    target = address or os.environ.get("RAY_ADDRESS") or _running_cluster()
    common: dict[str, Any] = {"logging_level": logging.WARNING, "runtime_env": {"env_vars": environment}}
    if target not in (None, LOCAL):
        try:
            ray.init(address=target, **common)
        except ConnectionError as error:
            raise ClusterError(f"no Ray cluster answers at {target} ({error}); check cluster.address") from error
        return f"joined the Ray cluster at {ray.get_runtime_context().gcs_address}"
    ray.init(
        address=LOCAL,
        num_cpus=max(4, os.cpu_count() or 1),  # logical: engine and learner take turns on few cores
        include_dashboard=False,
        object_store_memory=int(object_store_gib * 2**30),
        **common,
    )
    return "started a local Ray cluster"


def _running_cluster() -> str | None:
    """Where the cluster that was started on this machine answers, if one does.

    Ray's own record of it outlives a crash, and `ray.init("auto")` tries for minutes to join a dead one.
    """
    address = canonicalize_bootstrap_address("auto")
    if address is None:
        return None
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
    except OSError:
        return None
    return address


def wait_ready(what: str, refs: Sequence[Any], timeout: float) -> list[Any]:
    """Wait until actors have started.

    Raises:
        ClusterError: after `timeout` seconds, with what was asked for and what the cluster has.
        RayActorError: if an actor died while it started, with its own error.
    """
    try:
        return ray.get(list(refs), timeout=timeout)
    except GetTimeoutError:
        have, free = ray.cluster_resources(), ray.available_resources()
        raise ClusterError(
            f"{what} did not start within {timeout:.0f} s. The cluster has {_shown(have)}; free now: {_shown(free)}. "
            "Ask for less (learner.gpus, rollout.gpus, …), add nodes, or raise cluster.start_timeout."
        ) from None


def _shown(resources: dict[str, float]) -> str:
    return ", ".join(f"{resources.get(key, 0):g} {key}" for key in ("CPU", "GPU"))
