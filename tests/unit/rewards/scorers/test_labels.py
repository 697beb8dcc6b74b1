"""Scorers of sets of labels."""

from __future__ import annotations

import pytest

from rewards.sample import RewardSample
from rewards.scorers.labels import action_units, au, emotion_wheel
from tests.unit.rewards.rationales import GOOD


def test_emotions_of_one_cluster_mean_the_same() -> None:
    sample = RewardSample("<answer>joyful, worried</answer>", answer="happy, fear")
    assert emotion_wheel(sample).value == 1.0  # type: ignore[union-attr]
    half = emotion_wheel(RewardSample("sad", answer="disappointed, angry"))
    assert half is not None
    assert dict(half.parts) == {"precision": 1.0, "recall": 0.5}
    assert half.value == pytest.approx(2 / 3)
    assert emotion_wheel(RewardSample(GOOD.replace("m1 angry", "m1 furious"), tree=GOOD)).value == 1.0  # type: ignore[union-attr]
    assert emotion_wheel(RewardSample("sad")) is None


def test_hedges_are_not_paid() -> None:
    both = GOOD + "\n" + GOOD.replace("m1 angry", "m1 sad")
    assert emotion_wheel(RewardSample(both, tree=GOOD)).value == 0.0  # type: ignore[union-attr]
    twice = "<answer>AU1</answer><answer>AU4</answer>"
    assert au(RewardSample(twice, answer="AU4")).value == 0.0  # type: ignore[union-attr]
    assert emotion_wheel(RewardSample("<answer>sad</answer><answer>happy</answer>", answer="happy")).value == 0.0  # type: ignore[union-attr]


def test_action_units_by_f_beta() -> None:
    sample = RewardSample("I see AU4 and au 12.", answer="AU4, AU6")
    assert au(sample).value == pytest.approx(0.5)  # type: ignore[union-attr]
    assert au(sample, signed=True).value == pytest.approx(0.0)  # type: ignore[union-attr]
    more = RewardSample("AU4, AU6, AU12", answer="AU4, AU6")
    assert au(more, beta=2.0).value > au(more, beta=0.5).value  # type: ignore[union-attr]
    assert au(RewardSample("None", answer="None")).value == 1.0  # type: ignore[union-attr]
    assert au(RewardSample(" ", answer="None")).value == 0.0  # type: ignore[union-attr]
    assert au(RewardSample("AU4")) is None


def test_an_action_unit_is_read_in_every_spelling() -> None:
    assert action_units("AU4, au 4, AU04 and AU12; not BAU5 or AU123") == {4, 12}
