"""A run that is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import session
from rl.record.runs.progress import Progress


@dataclass(frozen=True)
class Beginning:
    """A run that is to begin."""

    config: Config
    words: Sequence[str]
    told: Sequence[str] = ()
    draws: bool = True
    """A data set that is not there may be drawn."""

    def make(self) -> RunDirectory:
        """Make the run's folder: it is whole, or not there."""
        begun = session("begun", Progress(), words=self.words)
        return RunDirectory.create(self.config, lambda run: run.remember(history=[begun.kept()]))
