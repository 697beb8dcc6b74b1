"""Which process holds a run, told so that any other on any node can say whether that process is still there."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MACHINE, _BOOT = Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")

_SCHEDULERS = {
    "Slurm": ("SLURM_JOB_ID", "SLURM_CLUSTER_NAME", "SLURM_RESTART_COUNT", "scancel"),
    "AWS Batch": ("AWS_BATCH_JOB_ID", "", "AWS_BATCH_JOB_ATTEMPT", "aws batch terminate-job --job-id"),
    "PBS": ("PBS_JOBID", "", "", "qdel"),
    "LSF": ("LSB_JOBID", "", "", "bkill"),
}
"""Scheduler -> the variables that it sets in a job: its id, its cluster, how many times it has been begun before; and the
command that ends a job."""


@dataclass(frozen=True)
class Job:
    """A scheduler's job that a process belongs to."""

    scheduler: str
    id: str
    cluster: str = ""
    attempt: int = 0
    """How many times the scheduler has begun the job before; 0 where it does not say."""

    def __str__(self) -> str:
        return f"{self.scheduler} job {self.id}"

    @property
    def end_command(self) -> str:
        """What ends it, as typed."""
        return f"ray job stop {self.id}" if self.scheduler == "Ray" else f"{_SCHEDULERS[self.scheduler][3]} {self.id}"

    def succeeds(self, other: Job) -> bool:
        """Whether it is the same job, begun again after the other had ended: schedulers do not begin it before."""
        same = (self.scheduler, self.id, self.cluster) == (other.scheduler, other.id, other.cluster)
        return same and self.attempt > other.attempt


@dataclass(frozen=True)
class Process:
    """A process, its machine, and the jobs that it belongs to."""

    host: str
    """The host's name; a container has its own."""
    machine: str
    """/etc/machine-id, which stays over a reboot; empty where there is none."""
    boot: str
    """The kernel's boot id: containers of one machine share it."""
    namespace: int
    """Inode of the namespace in which the process id counts."""
    pid: int
    started: int
    """When it started, in clock ticks since the boot; no two processes have its id and this."""
    jobs: tuple[Job, ...] = ()

    def __str__(self) -> str:
        jobs = "".join(f", {job}" for job in self.jobs)
        return f"process {self.pid} on {self.host}{jobs}"


def this_process(environ: Mapping[str, str] = os.environ) -> Process:
    """This process, as it is for others."""
    pid = os.getpid()
    _, started = _state_of(pid)
    return Process(
        socket.gethostname(), _first_line(_MACHINE), _first_line(_BOOT), _NAMESPACE.stat().st_ino, pid, started, jobs_of(environ)
    )


def jobs_of(environ: Mapping[str, str]) -> tuple[Job, ...]:
    """The jobs that the variables of a process name, Ray's first."""
    of_ray = json.loads(environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR") or "{}").get("metadata") or {}
    jobs = [Job("Ray", of_ray["job_submission_id"])] if "job_submission_id" in of_ray else []
    for scheduler, (name, cluster, attempt, _) in _SCHEDULERS.items():
        if environ.get(name):
            begun = environ.get(attempt, "")
            jobs.append(Job(scheduler, environ[name], environ.get(cluster, ""), int(begun) if begun.isdecimal() else 0))
    return tuple(jobs)


def lives(other: Process, here: Process) -> bool | None:
    """Whether another process is still there, as far as this one can know at once; None where only time can tell.

    Args:
        other: as it was recorded.
        here: this process.
    """
    if any(mine.succeeds(theirs) for mine in here.jobs for theirs in other.jobs):
        return False
    if other.boot != here.boot:
        rebooted = other.machine and (other.machine, other.host) == (here.machine, here.host)
        return False if rebooted else None
    if other.namespace != here.namespace:  # another container of this machine
        return None
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, and there
    try:
        state, started = _state_of(other.pid)
    except OSError:  # gone by now, or in a /proc that hides other users' processes
        return None
    return state not in "ZX" and started == other.started


def _state_of(pid: int) -> tuple[str, int]:
    """(state, start in clock ticks since the boot) of a process; `man 5 proc`, whose second field may hold any sign."""
    fields = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
