"""How a run ended, kept in run.json, so that MLflow can be told later."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from rl.record.runs.directory import RunDirectory


@dataclass(frozen=True)
class Ending:
    """How and when a run ended."""

    status: str
    """In MLflow's words: `FINISHED`, `FAILED` or `KILLED`."""
    time: float
    """Seconds since 1970."""


def note_beginning(directory: RunDirectory) -> None:
    """Keep that a run goes on: what ends it from now on without a word is a kill."""
    directory.remember(ending={"status": "KILLED"})


def note_ending(directory: RunDirectory, status: str) -> None:
    """Keep how a run ends now."""
    directory.remember(ending=asdict(Ending(status, round(time.time(), 3))))


def ending_of(directory: RunDirectory) -> Ending:
    """How a run ended that no process is at any more; one whose folder does not say so has finished if it has a model."""
    known = directory.state().get("ending", {})
    status = known.get("status") or ("FINISHED" if directory.model.is_dir() else "KILLED")
    changed = [file.stat().st_mtime for file in (directory.metrics.path, directory.config_file) if file.exists()]
    return Ending(status, known.get("time") or max(changed, default=time.time()))
