"""Whether a run's folder is the one that it was begun in, or a copy, which is a run of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from rl.record.runs.directory import RunDirectory


def is_copy(directory: RunDirectory) -> bool:
    """Whether the folder is a copy of the one that `run.json` names under `place`.

    A folder at the same path is the run itself, restored from a backup perhaps; so is one of the same inode at another path: it
    was renamed, or is reached by another way. All others are copies. `mv` to another file system copies and removes, and so
    makes a copy too: that costs a second MLflow run, while a copy taken for the run itself would write into the run of the folder
    that it was copied from.

    A tracker asks this at its start; when it has given a copy a tracked run of its own, it keeps `settled` with its id, and the
    folder is a copy no more.
    """
    place = directory.state().get("place")
    if place is None or place["path"] == str(directory.path):
        return False
    original = Path(place["path"])
    with suppress(OSError):  # it is gone, or this user may not look there
        if (original / directory.state_file.name).is_file():
            return not original.samefile(directory.path)
    return bool(place["inode"] != directory.path.stat().st_ino)


def settled(directory: RunDirectory) -> dict[str, Any]:
    """The fact that makes where the folder is now the run's own place; for `directory.remember(**settled(directory), …)`."""
    return {"place": directory.place()}
