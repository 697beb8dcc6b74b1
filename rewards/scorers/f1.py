"""Precision, recall and F1 from counts."""

from __future__ import annotations

from typing import NamedTuple


class F1(NamedTuple):
    """Three numbers in [0, 1]."""

    precision: float
    recall: float
    f1: float


def f1_score(hits: float, found: int, true: int) -> F1:
    """Precision, recall and their harmonic mean; 0 where there is nothing to divide by.

    Args:
        hits: items of the completion that are right; a fraction where some earn partial credit.
        found: items of the completion.
        true: items of the gold answer.
    """
    precision = hits / found if found else 0.0
    recall = hits / true if true else 0.0
    total = precision + recall
    return F1(precision, recall, 2 * precision * recall / total if total else 0.0)
