"""Ratios that were recorded, ratios that are found, and which of them have been lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST = 0.05
"""What a ratio is taken to vary by between quiet runs of the same code, however little it does within one."""


@dataclass(frozen=True)
class Ratio:
    """How many times as fast something is, on whatever machine both sides were measured."""

    ratio: float
    noise: float
    """Half the range of its rounds, relative."""
    lower: bool = False
    """Whether less is better: times as long, not times as fast."""


def margin(recorded: Ratio, found: Ratio) -> float:
    """By what share a ratio may differ from the recorded one and still be the same: the noise of both."""
    return max(LEAST, recorded.noise + found.noise)


def is_lost(recorded: Ratio, found: Ratio) -> bool:
    """Whether a ratio is worse than the recorded one, beyond the noise."""
    allowed = margin(recorded, found)
    if recorded.lower:
        return found.ratio > recorded.ratio * (1 + allowed)
    return found.ratio < recorded.ratio * (1 - allowed)


def compared(recorded: Mapping[str, Ratio], found: Mapping[str, Ratio]) -> list[str]:
    """A line for each ratio that was found, lost or not, by name."""
    return [_line(name, recorded.get(name), ratio) for name, ratio in found.items()]


def lost(recorded: Mapping[str, Ratio], found: Mapping[str, Ratio]) -> list[str]:
    """Names of the ratios that are worse than the recorded ones, beyond the noise."""
    return [name for name, ratio in found.items() if name in recorded and is_lost(recorded[name], ratio)]


def _line(name: str, recorded: Ratio | None, found: Ratio) -> str:
    if recorded is None:
        return f"new   {name}: found {found.ratio:g}, not recorded"
    state = "LOST " if is_lost(recorded, found) else "kept "
    better = "less is better, " if recorded.lower else ""
    noise = f"{better}noise {recorded.noise:.0%} and {found.noise:.0%}, so {margin(recorded, found):.0%} counts as the same"
    return f"{state} {name}: recorded {recorded.ratio:g}, found {found.ratio:g} ({noise})"
