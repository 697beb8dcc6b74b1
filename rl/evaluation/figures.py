"""A measured value and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl.evaluation.bootstrap import Interval, Values, interval_of


@dataclass(frozen=True)
class Figure:
    """A measured value, in [0, 1]."""

    value: float
    interval: Interval
    """Of 95 %, by bootstrap over clips, or exact where all are right or all wrong."""
    rows: int
    clips: int
    measure: str
    """What it is: accuracy, F1, judge, overlap, rules, or several of these."""


def figure_of(value: float, draws: np.ndarray, of: Sequence[Values], measure: str) -> Figure:
    """A value with the interval of its draws, (draws,), and what it is taken over."""
    clips = {clip for values in of for clip in values.clips}
    return Figure(value, interval_of(draws, len(clips)), sum(len(values.scores) for values in of), len(clips), measure)
