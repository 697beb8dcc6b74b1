"""The share of time in which engines had nothing to do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BusyReading:
    """How long each engine has been busy, read at one moment."""

    seconds: Mapping[str, float]
    """Engine's name -> seconds since its start in which it had something to do."""
    at: float = field(default_factory=time.perf_counter)
    """The moment, in seconds of `time.perf_counter`."""


def idle_share(before: BusyReading, after: BusyReading) -> float:
    """Share of the time between two readings, 0 to 1: the mean over the engines that are in both, 0 if there are none."""
    elapsed = after.at - before.at
    shares = [
        1.0 - (after.seconds[name] - before.seconds[name]) / elapsed for name in before.seconds.keys() & after.seconds.keys()
    ]
    return min(1.0, max(0.0, sum(shares) / max(1, len(shares))))
