"""Whether a stated confidence is true: of the answers said to be right with 80 %, four of five should be right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
_STATED = re.compile(
    r"\bconfidence\b(?: (?:level|score|rating)\b)?[^\w.]{0,4}(?:is|of)?[^\w.]{0,2}"
    r"(\d+(?:[.,]\d+)?|\.\d+)\s*(?:(%|percent)|(?:/|out of)\s*(\d+))?",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"\(\s*\)")


@dataclass(frozen=True)
class Calibration:
    """How far stated confidences are from how often the answers were right."""

    rows: int
    """Answers that state a confidence."""
    expected_error: float
    """Expected calibration error (ECE): |accuracy - confidence| by bins of equal width, weighted by their rows."""
    brier: float
    """Mean squared difference between the confidence and 1 for right, 0 for wrong."""
    confidence: float
    accuracy: float


def confidence_in(text: str) -> float | None:
    """The confidence that an answer states last, in [0, 1], such as `confidence: 0.8`, `Confidence is 80 %` or
    `confidence: 8/10`; None for none.

    A number above 1 is percent. One above 100 is no confidence.
    """
    found = _STATED.findall(text)
    if not found:
        return None
    number, percent, best = found[-1]
    value, most = float(number.replace(",", ".")), float(best or 1)
    if percent or (value > 1 and not best):
        most = 100.0
    return value / most if most > 0 and value <= most else None


def without_confidence(text: str) -> str:
    """An answer without the confidence that it states, which is no part of what it answers."""
    return _EMPTY.sub("", _STATED.sub("", text)).strip(" \n\t,;.(*") if _STATED.search(text) else text


def calibration(confidences: Sequence[float], right: Sequence[float], bins: int = BINS) -> Calibration:
    """Calibration of answers.

    Args:
        confidences: stated ones, in [0, 1].
        right: 1 for right, 0 for wrong, or a share.
        bins: of equal width; a confidence on an edge belongs to the bin below it.
    """
    said, true = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    of = np.clip(np.ceil(said * bins).astype(int) - 1, 0, bins - 1)
    gaps = [abs(np.sum(true[of == one] - said[of == one])) for one in range(bins)]
    return Calibration(
        len(said),
        float(np.sum(gaps) / len(said)),
        float(np.mean((said - true) ** 2)),
        float(said.mean()),
        float(true.mean()),
    )
