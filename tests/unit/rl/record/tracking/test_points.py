"""Lines of metrics.jsonl as points."""

from __future__ import annotations

from rl.record.tracking.points import Finite, Point, points_of


def test_a_step_and_a_stage_are_points() -> None:
    step = {"phase": "grpo", "step": 3, "metrics": {"reward/mean": 1, "val/reward": 0.5}, "time": 1700000000.1234}
    stage = {"phase": "evaluate", "stage": "tuned", "metrics": {"leaf_f1": 0.25}}
    assert [*points_of(step)] == [Point("reward/mean", 3, 1700000000123, 1.0), Point("val/reward", 3, 1700000000123, 0.5)]
    assert [*points_of(stage)] == [Point("test/tuned/leaf_f1", 0, None, 0.25)]


def test_values_that_are_not_finite_are_told_once_by_name() -> None:
    told: list[str] = []
    is_finite = Finite(told.append)
    values = (float("nan"), 1.0, float("-inf"))
    assert [is_finite(Point("a", step, None, value)) for step, value in enumerate(values)] == [False, True, False]
    assert told == ["a is nan at step 0: MLflow is told finite values only"]
