"""The machine itself: operating system, interpreter, compilers, open files, processors, memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from rl.config.schema import Config
from rl.doctor.finding import Finding, gib
from rl.doctor.gpus import asked_gpus

PYTHONS = ((3, 11), (3, 12))
LEAST_OPEN_FILES = 256
"""What a run of one learner rank and one engine is tested with. No process had more than 80 open; Ray dies with 64."""
OPEN_FILES_OF_A_WORKER = 8
"""How many more Ray's own process on a node needs for each worker there; 4 were measured."""
LEAST_MEMORY = 5 * 2**30
"""Bytes that a small run takes beside its object store. 5.5 GiB were measured for both, shared pages counted once."""

CGROUP = Path("/sys/fs/cgroup")


def operating_system(platform: str) -> Finding:
    """Whether affectree runs on this operating system.

    Args:
        platform: `sys.platform`.
    """
    if platform.startswith("linux"):
        return Finding("system", "ok", "Linux")
    name = {"darwin": "macOS", "win32": "Windows", "cygwin": "Windows"}.get(platform, platform)
    where = "WSL 2, a Linux machine" if name == "Windows" else "a Linux machine, a virtual one"
    return Finding(
        "system", "fault", f"{name}: vLLM's engine and the shared memory of weights need Linux", f"use {where} or a container"
    )


def interpreter(version: tuple[int, int], executable: str) -> Finding:
    """Whether affectree runs on this Python.

    Args:
        version: major and minor.
        executable: its path, which is shown.
    """
    shown = f"Python {version[0]}.{version[1]}, {executable}"
    if version in PYTHONS:
        return Finding("python", "ok", shown)
    wanted = " or ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return Finding("python", "fault", shown, f"set up with Python {wanted}: make setup PYTHON=python3.11")


def compilers(not_compiling: str | None, c_compiler: str | None, config: Config) -> Finding:
    """Whether there are the compilers that a run calls: torch.compile on CPUs can be left out, Triton on GPUs cannot.

    Args:
        not_compiling: why torch.compile cannot work here (`actors.environment.why_not_compiling`); None if it can.
        c_compiler: the path of gcc or clang; None if there is neither.
        config: of the run.
    """
    if asked_gpus(config):
        if c_compiler is None:
            advice = "install gcc, or name a compiler in CC"
            return Finding("compiler", "fault", "no C compiler (gcc or clang), which Triton calls on GPUs", advice)
        return Finding("compiler", "ok", c_compiler)
    if not_compiling is None:
        return Finding("compiler", "ok", "C++ compiler and Python's headers")
    if config.rollout.enforce_eager:
        return Finding("compiler", "ok", f"{not_compiling}: engines sample without torch.compile, which is as fast")
    advice = "install g++ and Python's headers (python3-dev), choose a plain TMPDIR, or set rollout.enforce_eager=true"
    return Finding("compiler", "warning", f"{not_compiling}: the engine's model is not compiled", advice)


def open_files(soft: int, hard: int, workers: int) -> Finding:
    """Whether processes may open enough files: `ulimit -n`, of which -1 means no limit.

    Args:
        soft: the limit now.
        hard: the limit up to which a user may raise it, as a run does.
        workers: the run's actors on this machine.
    """
    needed = LEAST_OPEN_FILES + OPEN_FILES_OF_A_WORKER * max(0, workers - 4)
    most = float("inf") if hard < 0 else hard
    shown = "no limit" if soft < 0 else f"up to {soft} in a process"
    if most < needed:
        raise_it = f"raise the hard limit (ulimit -Hn, or --ulimit nofile={4 * needed} of a container) to {needed} or more"
        return Finding("open files", "fault", f"{shown}; {needed} are needed for {workers} workers", raise_it)
    return Finding("open files", "ok", shown)


def processors(available: float, config: Config) -> Finding:
    """Whether the threads of learners or engines outnumber the processors.

    Args:
        available: how many this process may use, from `usable_processors`.
        config: of the run.
    """
    learner, rollout, judge = config.learner, config.rollout, config.rewards.judge
    asked = {
        "learner.threads": (learner.threads, learner.ranks if not learner.gpus else 0),
        "rollout.threads": (rollout.threads, rollout.engines if not rollout.gpus else 0),
    }
    if judge is not None:
        asked["rewards.judge.threads"] = (judge.threads, judge.engines if not judge.gpus else 0)
    shown = f"{available:g} of {os.cpu_count()} processors may be used"
    many = {key: f"{threads} x {count}" for key, (threads, count) in asked.items() if threads * count > available}
    if not many:
        return Finding("processors", "ok", shown)
    least = max(1, int(available))
    advice = f"ask for fewer, such as {' '.join(f'{key}={least}' for key in many)}, or allow more (cpus of a container)"
    return Finding("processors", "warning", f"{shown}, by {', '.join(f'{key} = {value}' for key, value in many.items())}", advice)


def usable_processors(allowed: int, root: Path = CGROUP, own: str | None = None) -> float:
    """How many processors this process may use: those it may run on, or a container's quota if that is less.

    Args:
        allowed: how many it may run on (`os.sched_getaffinity`).
        root: where control groups are mounted.
        own: the contents of /proc/self/cgroup, which are read if not given.
    """
    return min([float(allowed), *_quotas(root, _own_groups(own))])


def memory(total: int, config: Config) -> Finding:
    """Whether there is enough memory for a small run and its object store.

    Args:
        total: bytes that this process and its children may use.
        config: of the run.
    """
    store = config.cluster.object_store_gib * 2**30
    if store > total:
        advice = f"set cluster.object_store_gib below {total / 2**30:.1f}"
        return Finding("memory", "fault", f"{gib(total)}, less than the object store of {gib(store)}", advice)
    if total < LEAST_MEMORY + store:
        advice = "the smallest run may not fit; use a larger machine, or allow the container more (--memory)"
        return Finding(
            "memory", "warning", f"{gib(total)}; the quickstart takes {gib(LEAST_MEMORY)} and its object store", advice
        )
    return Finding("memory", "ok", gib(total))


def usable_memory(total: int, root: Path = CGROUP, own: str | None = None) -> int:
    """How many bytes this process may use: the machine's memory, or a container's limit if that is less.

    Args:
        total: the machine's memory.
        root: where control groups are mounted.
        own: the contents of /proc/self/cgroup, which are read if not given.
    """
    groups = _own_groups(own)
    limits = [_number(folder / "memory.max") for folder in _upwards(root, groups.get("", "/"))]
    limits += [_number(folder / "memory.limit_in_bytes") for folder in _upwards(root / "memory", groups.get("memory", "/"))]
    return int(min([total, *(limit for limit in limits if limit)]))


def _quotas(root: Path, groups: Mapping[str, str]) -> Iterator[float]:
    """The processors that the quotas of this process's control group, and of those above it, allow; versions 1 and 2."""
    for folder in _upwards(root, groups.get("", "/")):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            yield int(quota) / int(period)
    for folder in _upwards(root / "cpu", groups.get("cpu", "/")):
        quota_us, period_us = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if quota_us and period_us:  # -1 stands for no quota
            yield quota_us / period_us


def _own_groups(text: str | None) -> dict[str, str]:
    """Controller -> path of this process's control group. Version 2 has one group for all, under the empty name."""
    lines = (_text(Path("/proc/self/cgroup")) if text is None else text).splitlines()
    found = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _upwards(root: Path, group: str) -> list[Path]:
    """A control group's folder and those above it. In a container the mounted root is often the group itself."""
    whole = root / group.lstrip("/")
    return [place for place in (whole, *whole.parents) if place.is_relative_to(root)]


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
