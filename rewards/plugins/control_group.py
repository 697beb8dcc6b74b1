"""A control group (cgroup v2) for a scorer, where this process may make one.

The kernel keeps all that is started in a group in it, and kills all of it in one go. Most containers give nobody a group, and
then the scorer has to do with what `descendants` finds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path

_PATIENCE = 2.0
"""Seconds for the killed to be gone."""


def new_group() -> str:
    """Make a group within this process's own. Returns its folder; "" where none can be had."""
    try:
        groups, mounts = (Path(f"/proc/self/{name}").read_text("utf-8").splitlines() for name in ("cgroup", "mountinfo"))
        own = next(line.removeprefix("0::") for line in groups if line.startswith("0::"))
        mount = next(line.split()[4] for line in mounts if " - cgroup2 " in line)
        group = f"{mount}{own.rstrip('/')}/affectree-scorer-{os.getpid()}-{os.urandom(4).hex()}"
        Path(group).mkdir()
    except (OSError, StopIteration):
        return ""
    if os.access(f"{group}/cgroup.kill", os.W_OK):  # Linux 5.14 and later
        return group
    remove_group(group)
    return ""


def put_into(group: str, process: int) -> None:
    """Put a process into the group, as far as that is allowed. It can take some 10 ms. Does nothing for ""."""
    if group:
        _write(f"{group}/cgroup.procs", str(process))


def end_group(group: str) -> None:
    """Kill whoever is in the group. Does nothing for ""."""
    if group:
        _write(f"{group}/cgroup.kill", "1")


def remove_group(group: str) -> None:
    """Remove the group's folder, as soon as the killed are gone from it. Does nothing for ""."""
    deadline = time.monotonic() + _PATIENCE
    while group:
        try:
            Path(group).rmdir()
        except OSError as error:
            if error.errno == errno.EBUSY and time.monotonic() < deadline:
                time.sleep(0.002)
                continue
        return


def _write(path: str, text: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).write_text(text, "ascii")
