"""The processes that descend from one, in whatever session or group they are: found in /proc, measured and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable

_SHORT = 0.002
"""Seconds between two looks at whether the killed are gone."""


def below(root: int) -> list[int]:
    """Ids of the living processes that descend from `root`, without itself.

    An orphan descends from whoever adopted it. So nobody gets away from a process that is a child subreaper.
    """
    children: dict[int, list[int]] = {}
    alive: set[int] = set()
    with os.scandir("/proc") as entries:
        processes = [int(entry.name) for entry in entries if entry.name.isdigit()]
    for process in processes:
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
            children.setdefault(int(fields[1]), []).append(process)
            if fields[0] not in b"ZX" or int(fields[17]) > 1:  # a first thread that ended may leave others
                alive.add(process)
    found, waiting = [], [root]
    while waiting:
        found += (new := children.pop(waiting.pop(), []))
        waiting += new
    return [process for process in found if process in alive]


def end_below(root: int, seconds: float) -> None:
    """Kill all that descend from `root`; returns when none is left, or after so many seconds.

    They are stopped first, so that none can start another while it is looked for.
    """
    deadline = time.monotonic() + seconds
    stopped: set[int] = set()
    while time.monotonic() < deadline and (new := set(below(root)) - stopped):
        _signal(new, signal.SIGSTOP)
        stopped |= new
    _signal(stopped, signal.SIGKILL)
    while time.monotonic() < deadline and (left := below(root)):
        _signal(left, signal.SIGKILL)
        time.sleep(_SHORT)


def memory_above(processes: Iterable[int], limit: int) -> int | None:
    """How many bytes of memory these processes hold, if it is more than a limit; else None.

    Memory of their own counts, and shared memory that they have mapped; one that several have mapped counts once. Files on a
    disk that are mapped do not count, since the system can drop their pages; those in /dev/shm or another tmpfs do.
    """
    mapped = {process: _kilobytes(process, "status", (b"RssAnon:", b"RssShmem:")) for process in processes}
    if sum(mapped.values()) * 1024 <= limit:  # what they share was counted several times, but this is quick
        return None
    shares = {process: _kilobytes(process, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for process in mapped}
    held = sum(shares[process] or mapped[process] for process in mapped) * 1024  # one that changed its user shows no shares
    return held if held > limit else None


def _kilobytes(process: int, file: str, names: tuple[bytes, ...]) -> int:
    try:
        lines = _read(f"/proc/{process}/{file}").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 8192)
    finally:
        os.close(descriptor)


def _signal(processes: Iterable[int], number: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
