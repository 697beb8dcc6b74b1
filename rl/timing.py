"""Where a step's time goes."""

from __future__ import annotations

import time
from typing import Protocol


class Stopwatch:
    """Seconds by phase of one step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Say what the time since the last lap was spent on."""
        now = time.perf_counter()
        self.seconds[phase] = now - self._last
        self._last = now


class HasBusySeconds(Protocol):
    def busy_seconds(self) -> dict[str, float]: ...


class EngineClock:
    """How much of the time the engines had nothing to do."""

    def __init__(self, engines: HasBusySeconds) -> None:
        self._engines = engines
        self._last = (time.perf_counter(), engines.busy_seconds())

    def idle_share(self) -> float:
        """Since the last call, mean over the engines that were there then and are now; 0 if there are none."""
        (then, before), self._last = self._last, (time.perf_counter(), self._engines.busy_seconds())
        now, after = self._last
        shares = [1.0 - (after[name] - before[name]) / (now - then) for name in before.keys() & after.keys()]
        return min(1.0, max(0.0, sum(shares) / max(1, len(shares))))
