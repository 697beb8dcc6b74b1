"""What is told of a run before it starts: what follows, and how long it takes at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.load import load_config
from rl.record.runs.progress import Progress
from rl.run.forecast import Pace, evaluated_tokens, most_seconds, plan

QUICKSTART = Path("configs/quickstart.yaml")


def test_a_plan_names_what_follows() -> None:
    config = load_config(QUICKSTART, ["curriculum.stages.expression.steps=0"])
    rest = "32 GRPO steps of 12 prompts x 8 samples, and a look at 640 held-out rows after each phase"
    tuning = "tuning steps (attribute 320, emotion 100)"
    assert plan(config, Progress(), 640) == f"what follows: 420 {tuning}, {rest}"
    assert plan(config, Progress("tune", 20), 640) == f"what follows: 400 of 420 {tuning}, {rest}"
    assert plan(config, Progress("grpo", 0), 640) == f"what follows: {rest}"
    assert plan(config, Progress("grpo", 2), 640) == f"what follows: 30 of {rest}"


def test_the_most_that_a_run_takes_is_tuning_sampling_learning_and_looks() -> None:
    config = load_config(QUICKSTART, ["evaluation.every=4"])
    pace = Pace(drawn_tokens=1000.0, sft_rows=50.0)
    looks = 2 * evaluated_tokens(config, config.evaluation.rows) + 8 * 128 * 160
    tuning = sum(stage.batch * stage.steps for stage in config.curriculum.stages.values()) / 50
    steps = 32 * (96 * 160 / 1000 + 96 / 50)
    assert most_seconds(config, 600, pace) == pytest.approx(tuning + steps + looks / 1000)
    assert most_seconds(config, 100, pace) == pytest.approx(100 * 24 / 50 + steps + looks / 1000)
