"""Times of steps that two trainers took in turn, and what is told about them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WARM_UP = 3
"""Steps of each run that do not count: the first ones allocate, compile and fill caches."""


@dataclass(frozen=True)
class Timed:
    """Steps of one run, in order."""

    seconds: list[float]
    """From the end of the step before to the end of each."""
    tokens: list[float]
    """Tokens of each: those sampled in GRPO, those read in tuning."""

    def per_step(self) -> float:
        """Seconds of the median step."""
        return statistics.median(self.seconds)

    def per_token(self) -> float:
        """Seconds per token of the median step."""
        return statistics.median(s / t for s, t in zip(self.seconds, self.tokens, strict=True))


def warm(ends: Sequence[float], tokens: Sequence[float]) -> Timed:
    """The steps after the warm-up, from when each step ended and the tokens of each; a first step has no beginning."""
    seconds = [after - before for before, after in pairwise(ends)]
    return Timed(seconds[WARM_UP - 1 :], list(tokens[WARM_UP:]))


def noise(ratios: Sequence[float]) -> float:
    """Half the range of the rounds' ratios, relative to their median."""
    return round((max(ratios) - min(ratios)) / 2 / statistics.median(ratios), 3)


def median(values: Sequence[float], digits: int = 2) -> float:
    """The median, rounded."""
    return round(statistics.median(values), digits)
