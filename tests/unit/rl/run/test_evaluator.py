"""The reward of a validation, by which checkpoints are compared."""

from __future__ import annotations

import pytest

from rewards.sample import Reward
from rl.run.evaluator import NothingScored, mean_reward

FAILED, ABSTAINED = Reward(None, errors={"leaf": "ValueError: no"}), Reward(None, abstained=True)


def test_the_mean_is_over_samples_that_have_a_reward(capsys: pytest.CaptureFixture[str]) -> None:
    assert mean_reward([Reward(1.0), FAILED, ABSTAINED, Reward(0.5)]) == 0.75
    assert capsys.readouterr().out == ""


def test_a_validation_that_no_scorer_applies_to_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert mean_reward([ABSTAINED, ABSTAINED]) is None
    assert "no scorer applies to any of 2 samples of the val split; this step is not compared" in capsys.readouterr().out


def test_a_validation_on_which_scorers_failed_ends_the_run() -> None:
    with pytest.raises(NothingScored, match="not one of 2 samples of the val split could be scored"):
        mean_reward([FAILED, ABSTAINED])
