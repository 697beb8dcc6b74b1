"""The cluster that was started last on this machine, from Ray's files. Read without Ray, which takes long to import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def recorded_cluster(environ: Mapping[str, str]) -> str | None:
    """The address of the cluster that this user started last on this machine with `ray start`, alive or not.

    Ray leaves it in the file that the documentation of `ray.init` names. `ray.init()` would read it too, but tries for
    minutes to join a dead cluster, and would join another user's.

    Args:
        environ: where RAY_TMPDIR and TMPDIR say in which folder Ray keeps its files.
    """
    folder = environ.get("RAY_TMPDIR") or environ.get("TMPDIR") or "/tmp"
    file = Path(folder) / "ray" / "ray_current_cluster"
    try:
        mine = file.stat().st_uid == os.getuid()
        return (file.read_text(encoding="utf-8").strip() or None) if mine else None
    except OSError:  # none, or another user's that may not be looked at
        return None
