"""Precision, recall and F1."""

import pytest

from rewards.scorers.f1 import f1_score


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1, 2, 4), (0.5, 0.25, 1 / 3)),
        ((0.5, 1, 1), (0.5, 0.5, 0.5)),
        ((0, 0, 3), (0.0, 0.0, 0.0)),
        ((0, 3, 0), (0.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((3, 3, 3), (1.0, 1.0, 1.0)),
    ],
)
def test_known_counts(counts: tuple[float, int, int], expected: tuple[float, float, float]) -> None:
    assert f1_score(*counts) == pytest.approx(expected)
