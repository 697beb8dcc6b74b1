"""Whom to tell how far a long reading of rows has come; nobody, if nothing else is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


class Stepper(Protocol):
    """A phase while it goes on."""

    def step(self) -> Any:
        """One step more is done."""
        ...


@contextmanager
def _silent(name: str, steps: int) -> Iterator[Stepper]:
    class Nobody:
        def step(self) -> None: ...

    yield Nobody()


@dataclass(frozen=True)
class Telling:
    """Where lines and phases of a reading go."""

    line: Callable[[str], None] = lambda text: None
    """Takes a line that the user should see."""
    warning: Callable[[str], None] = lambda text: None
    """Takes a line that the user should mind."""
    phase: Callable[[str, int], AbstractContextManager[Stepper]] = _silent
    """Opens a phase of a name and a number of steps, such as `rl.record.time_left.phase`."""


SILENT = Telling()
