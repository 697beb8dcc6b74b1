"""Intervals by bootstrap over clips, and how likely a difference between two models is chance.

Several rows may be about one clip, and a model that misreads the clip is wrong in all of them. So whole clips are drawn, with
all of their rows: intervals over single rows would be too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

DRAWS = 2000
CONFIDENCE = 0.95
_AT_ONCE = 4_000_000
"""Numbers of one block of draws."""


@dataclass(frozen=True)
class Values:
    """What is averaged: the mean over strata of the mean over each stratum's rows."""

    scores: Sequence[float]
    clips: Sequence[str]
    """The clip of each row."""
    strata: Sequence[str] = ()
    """The data set of each row, or its class; all rows are one stratum if empty."""

    def mean(self) -> float:
        """The mean itself; NaN without rows."""
        sums, counts = self._by_clip({clip: place for place, clip in enumerate(dict.fromkeys(self.clips))})
        return float(_mean_of_strata(sums.sum(0)[None], counts.sum(0)[None])[0])

    def draw_means(self, weights: np.ndarray, places: dict[str, int]) -> np.ndarray:
        """The mean in each draw, float (draws,); NaN where a draw has none of the rows.

        Args:
            weights: how often each draw has each clip, (draws, clips).
            places: clip -> its column.
        """
        sums, counts = self._by_clip(places)
        return _mean_of_strata(weights @ sums, weights @ counts)

    def _by_clip(self, places: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        strata = self.strata or [""] * len(self.scores)
        columns = {name: place for place, name in enumerate(dict.fromkeys(strata))}
        sums, counts = (np.zeros((len(places), len(columns))) for _ in range(2))
        at = [places[clip] for clip in self.clips], [columns[name] for name in strata]
        np.add.at(sums, at, self.scores)
        np.add.at(counts, at, 1.0)
        return sums, counts


@dataclass(frozen=True)
class Interval:
    """Where a value lies with a probability of 95 %."""

    low: float
    high: float


def interval_of(draws: np.ndarray, share_of: int = 0) -> Interval:
    """The percentile interval of draws; those that are NaN are left out.

    Args:
        draws: means, (draws,).
        share_of: clips, where the value is a share. If all of them are right, or wrong, all draws are the same; the interval is
            then that of Clopper and Pearson, as if a clip were one answer.
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanpercentile(draws, [100 * tail, 100 * (1 - tail)])
    if share_of and low == high and low in (0.0, 1.0):
        possible = tail ** (1 / share_of)
        return Interval(possible, 1.0) if low else Interval(0.0, 1 - possible)
    return Interval(float(low), float(high))


def bootstrap(columns: Sequence[Values], draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Means of several columns over the same drawn clips, float (draws, columns), so that they may be averaged draw by draw."""
    places = {clip: place for place, clip in enumerate(dict.fromkeys(clip for column in columns for clip in column.clips))}
    blocks = [
        np.stack([column.draw_means(weights, places) for column in columns], axis=1)
        for weights in _drawn_clips(len(places), draws, seed)
    ]
    return np.concatenate(blocks)


def p_by_swapping(first: Values, second: Values, draws: int = DRAWS, seed: int = 0) -> float:
    """The probability of a difference at least as large as the one found, if it were chance which model gave which answers.

    A paired permutation test: in each draw the two models' answers are swapped for half of the clips.

    Args:
        first: one model's scores.
        second: the other's, of the same rows in the same order.
        draws: permutations.
        seed: sets them.
    """
    difference = Values(np.subtract(first.scores, second.scores).tolist(), first.clips, first.strata)
    places = {clip: place for place, clip in enumerate(dict.fromkeys(first.clips))}
    sums, counts = difference._by_clip(places)
    rng, total = np.random.default_rng(seed), counts.sum(0)[None]
    found = abs(_mean_of_strata(sums.sum(0)[None], total)[0])
    larger = 0
    for size in _blocks(len(places), draws):
        signs = rng.choice([-1.0, 1.0], size=(size, len(places)))
        larger += int(np.sum(np.abs(_mean_of_strata(signs @ sums, total)) >= found - 1e-12))
    return (1 + larger) / (1 + draws)


def mcnemar(first: Sequence[float], second: Sequence[float]) -> float:
    """McNemar's exact test of two models' answers, right (1) or wrong (0), to the same rows, which it takes as independent."""
    only_first = sum(a > b for a, b in zip(first, second, strict=True))
    only_second = sum(a < b for a, b in zip(first, second, strict=True))
    differ = only_first + only_second
    return float(binomtest(only_first, differ, 0.5).pvalue) if differ else 1.0


def _drawn_clips(clips: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of (draws, clips): how often each draw has each clip, as many clips in all as there are."""
    rng = np.random.default_rng(seed)
    for size in _blocks(clips, draws):
        yield rng.multinomial(clips, np.full(clips, 1 / clips), size=size).astype(float)


def _blocks(clips: int, draws: int) -> Iterator[int]:
    most = max(1, _AT_ONCE // max(1, clips))
    for begin in range(0, draws, most):
        yield min(most, draws - begin)


def _mean_of_strata(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(draws, strata) -> the mean over the strata that have rows, (draws,); NaN where none has."""
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    there = ~np.isnan(means)
    found = there.sum(1)
    total: np.ndarray = np.where(there, means, 0.0).sum(1)
    return np.where(found > 0, total / np.maximum(found, 1), np.nan)
