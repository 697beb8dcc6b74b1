"""What actors print, with the processes that they start: into the run's folder, a file for each actor."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

LOGS = "AFFECTREE_LOGS"
"""Variable with the path of the run's log folder; all workers of a run are given it."""


def keep_output(name: str) -> None:
    """From now on append what this process prints to `name.log` in the run's log folder.

    Does nothing where there is no run, or where its folder is not on this node: Ray's own logs then have it.
    """
    folder = Path(os.environ.get(LOGS, ""))
    if LOGS not in os.environ or not folder.is_dir():
        return
    file = folder / f"{name.replace(' ', '_')}.log"
    print(f"what this process prints goes to {file}", flush=True)  # noqa: T201 - into Ray's own log
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(descriptor, number)
    os.close(descriptor)
    print(f"--- {name}, process {os.getpid()}, {datetime.now():%Y-%m-%d %H:%M:%S}", flush=True)  # noqa: T201
