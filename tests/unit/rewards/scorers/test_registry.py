"""What holds for the shipped scorers as a whole."""

from __future__ import annotations

from rewards import scorers
from rewards.plugins.runners import start_runner
from rewards.plugins.spec import ScorerSpec
from rewards.sample import RewardSample, Score
from tests.unit.rewards.rationales import GOOD

FOR_RATIONALES = ("structure", "leaf", "root", "expression", "tree_edit", "qa", "format")


def scored(name: str, *completions: str) -> list[float]:
    runner = start_runner(ScorerSpec(name))
    outcomes = runner.score([RewardSample(completion, answer="angry", tree=GOOD) for completion in completions])
    runner.close()
    assert all(isinstance(outcome, Score) for outcome in outcomes), outcomes
    return [outcome.value for outcome in outcomes if isinstance(outcome, Score)]


def test_every_scorer_is_listed_with_a_docstring() -> None:
    assert scorers.__all__ == sorted(scorers.__all__)
    assert all(getattr(scorers, name).__doc__ for name in scorers.__all__)


def test_a_perfect_rationale_scores_one_and_an_empty_completion_nothing() -> None:
    for name in FOR_RATIONALES:
        assert scored(name, GOOD, "") == [1.0, 0.0], name


def test_order_does_not_matter() -> None:
    texts = [GOOD, "", "<tree>", GOOD.replace("brown", "red")]
    for name in FOR_RATIONALES:
        assert scored(name, *texts) == scored(name, *reversed(texts))[::-1], name
