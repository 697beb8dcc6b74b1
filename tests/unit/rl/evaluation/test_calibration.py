"""Confidences that answers state, and whether they are true."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from rl.evaluation.calibration import calibration, confidence_in, without_confidence


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<answer>happy</answer> confidence: 0.8", 0.8),
        ("Happy (Confidence: 80%)", 0.8),
        ("happy\nconfidence is 75", 0.75),
        ("confidence 0.2 ... Confidence = 1", 1.0),
        ("**confidence**: .5", 0.5),
        ("She smiles with confidence.", None),
        ("confidence: 300", None),
        ("Confidence level: 8/10", 0.8),
        ("confidence: 95 out of 100", 0.95),
        ("confidence: 0,8", 0.8),
        ("confidence: 9/0", None),
        ("happy", None),
    ],
)
def test_a_confidence_is_read_as_a_share(text: str, value: float | None) -> None:
    assert confidence_in(text) == value


def test_what_is_answered_does_not_have_the_confidence() -> None:
    assert without_confidence("happy, confidence: 0.8") == "happy"
    assert without_confidence("happy (confidence: 80%)") == "happy"
    assert without_confidence("happy\n**Confidence:** 8/10") == "happy"
    assert without_confidence("(A) happy.") == "(A) happy."


def test_the_brier_score_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    said, right = rng.random(200), (rng.random(200) < 0.6).astype(float)
    assert calibration(said.tolist(), right.tolist()).brier == pytest.approx(brier_score_loss(right, said))


def test_the_expected_error_is_the_gap_by_bins() -> None:
    # bin 0.7-0.8: two answers, said .8, right .5 -> gap .3; bin 0.2-0.3: one, said .3, right 1 -> gap .7; bin 0: said 0, right 0
    found = calibration([0.8, 0.8, 0.3, 0.0], [1.0, 0.0, 1.0, 0.0])
    assert found.expected_error == pytest.approx((2 * 0.3 + 0.7 + 0.0) / 4)
    assert (found.rows, found.accuracy) == (4, 0.5)
    assert found.confidence == pytest.approx(0.475)
