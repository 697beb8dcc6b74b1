"""What a torch profile says about operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operator:
    """All calls of one operator."""

    name: str
    seconds: float
    """In itself, without the operators that it calls."""
    calls: int


def operators(profiler: Any) -> list[Operator]:
    """The operators of a profile, the longest first."""
    found = [Operator(one.key, one.self_cpu_time_total / 1e6, one.count) for one in profiler.key_averages()]
    return sorted(found, key=lambda operator: -operator.seconds)
