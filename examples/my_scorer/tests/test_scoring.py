"""A researcher's own tests: what the scorer means, and that it is fit for a run."""

from pathlib import Path

from my_scorer.scoring import evidence, relative_length

from rewards.sample import RewardSample
from rewards.testing import assert_scorer, gold_sample

FILE = Path(__file__).parents[1] / "my_scorer" / "scoring.py"


def test_an_emotion_with_evidence_counts() -> None:
    assert evidence(gold_sample()).value == 1.0
    assert evidence(gold_sample(), enough=9).value == 0.0
    assert evidence(RewardSample("no tree")).value == 0.0


def test_the_shortest_of_a_group_is_best() -> None:
    group = [RewardSample("", completion_tokens=tokens) for tokens in (10, 20, 30)]
    assert relative_length(group) == [0.0, -0.5, -1.0]


def test_they_are_fit_for_a_run() -> None:
    assert_scorer(f"{FILE}:evidence", parameters={"enough": 1})
    assert_scorer(f"{FILE}:relative_length")
