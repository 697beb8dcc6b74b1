"""How far a phase has come: a bar with the time left on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from rl.record.console import console, say

_RECENT, _FEWEST = 32, 4
"""How many of the last steps the pace is taken from, and how many are needed: the first steps of a process are slow."""

_EVERY_SECONDS = 10.0
"""Between two lines where there is no terminal."""


class TimeLeft:
    """The time left in a phase with a known number of steps, by the pace of its last ones. As text: `12 min left`."""

    def __init__(self, total: int, done: int = 0) -> None:
        """
        Args:
            total: steps of the phase.
            done: how many of them were done before now.
        """
        self.total, self.done = total, done
        self._times = deque([time.monotonic()], maxlen=_RECENT + 1)

    def step(self) -> None:
        """One step more is done."""
        self.done += 1
        self._times.append(time.monotonic())

    @property
    def seconds_a_step(self) -> float | None:
        """Mean over the last 32 steps; None before the fourth."""
        steps = len(self._times) - 1
        return (self._times[-1] - self._times[0]) / steps if steps >= _FEWEST else None

    def __str__(self) -> str:
        pace = self.seconds_a_step
        return "" if pace is None else f"{duration(pace * (self.total - self.done))} left"


class Phase:
    """A phase while it goes on: a bar on a terminal, lines elsewhere."""

    def __init__(self, name: str, left: TimeLeft, bar: Progress, lines: bool) -> None:
        self.left = left
        self._name, self._bar, self._lines = name, bar, lines
        self._task = bar.add_task(name, total=left.total, completed=left.done, left="")
        self._told = time.monotonic()

    def step(self, text: str = "") -> None:
        """One step more is done.

        Args:
            text: about the step, for the line; without one, no line is printed for the first and the last step.
        """
        self.left.step()
        self._bar.update(self._task, completed=self.left.done, left=str(self.left))
        ends = self.left.done in (1, self.left.total) and bool(text)
        if self._lines and not console.is_terminal and (ends or time.monotonic() - self._told > _EVERY_SECONDS):
            self._told = time.monotonic()
            shown = [f"{self._name} {self.left.done}/{self.left.total}", text, str(self.left)]
            say(" | ".join(part for part in shown if part))


@contextmanager
def phase(name: str, total: int, done: int = 0, lines: bool = True) -> Iterator[Phase]:
    """Show how far a phase has come while the block runs.

    Args:
        name: what the phase is called.
        total: its steps.
        done: how many of them were done before now.
        lines: print lines where there is no terminal; off for a phase that prints its own.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Phase(name, TimeLeft(total, done), bar, lines)


def duration(seconds: float) -> str:
    """Seconds in words: 40 s, 12 min, 3 h 20 min, 2 d 5 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60) if minutes >= 48 * 60 else minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
