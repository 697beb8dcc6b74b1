"""What `determinism` refuses, and what it lets be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.config.determinism_rules import determinism_rules
from rl.config.load import load_config
from rl.config.schema import Config, JudgeConfig, ReasoningConfig, ScorerConfig

QUICKSTART = Path("configs/quickstart.yaml")


def refused(config: Config) -> list[str]:
    return [rule.key for rule in determinism_rules(config) if not rule.holds]


def test_the_quickstart_can_be_alike() -> None:
    config = load_config(QUICKSTART, ["determinism=true", "rollout.engines=2", "learner.ranks=2"])
    assert config.determinism
    assert refused(config) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["grpo.staleness=1", "grpo.correction=truncate"],
            "grpo.staleness = 1: must be 0 with determinism: which weights draw which token is a matter of the moment",
        ),
        (
            ["rollout.in_flight=abort"],
            "rollout.in_flight = 'abort': must be wait with determinism: what a sync finds being drawn is a matter of the moment",
        ),
    ],
)
def test_what_is_a_matter_of_the_moment_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UserError) as told:
        load_config(QUICKSTART, ["determinism=true", *words])
    assert said in str(told.value)
    load_config(QUICKSTART, words)


def test_nobody_may_be_asked_whose_answers_are_not_in_the_runs_hands() -> None:
    config = Config(determinism=True)
    config.rewards.judge = JudgeConfig(model="judge")
    config.rewards.scorers = {
        "caption": ScorerConfig(parameters={"judge": {"url": "http://judge", "model": "large"}}),
        "hosted": ScorerConfig(spec="caption", parameters={"judge": "hosted"}),
        "mine": ScorerConfig(spec="mine.py:score", parameters={"judge": "strict"}),
    }
    config.evaluation.reasoning = ReasoningConfig(scorer="endpoint")
    assert refused(config) == ["rewards.judge.model", "rewards.scorers.caption.parameters.judge", "evaluation.reasoning.scorer"]
    config.determinism = False
    assert refused(config) == []
