"""What is said of records that cannot be read again."""

from __future__ import annotations

from typing import Any

import pytest

from rl.record.checks import check_metrics_line, check_state, check_summary

EXAMPLE = {"video": "a.mp4", "written": "<tree>", "gold": "<tree>"}


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({}, None),
        ({"stages": {"init": {"root_accuracy": 0.5}}, "chance": {"qa": 0.25}, "seconds": {"tune": 3}, "seed": 1}, None),
        ({"examples": [EXAMPLE]}, None),
        ({"stages": []}, "`stages` must hold objects, found a list"),
        ({"stages": {"init": 0.5}}, "`stages` must hold objects, found a number"),
        ({"stages": {"init": {"root_accuracy": "high"}}}, "`stages` must hold numbers"),
        ({"majority": {"qa": None}}, "`majority` must hold numbers"),
        ({"examples": {}}, "`examples` must list objects with video, written, gold"),
        ({"examples": [{**EXAMPLE, "more": 1}]}, "`examples` must list objects with video, written, gold"),
    ],
)
def test_a_summary(summary: dict[str, Any], said: str | None) -> None:
    assert check_summary(summary) == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, None),
        ({"history": [], "finished": None, "data": {}, "mlflow_run_id": "abc"}, None),
        ({"history": {}}, "`history` must be a list, found `key: value` pairs"),
        ({"config": "grpo"}, "`config` must be `key: value` pairs, found text"),
        ({"finished": True}, "`finished` must be `key: value` pairs, found true or false"),
    ],
)
def test_the_state_of_a_run(state: dict[str, Any], said: str | None) -> None:
    assert check_state(state) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"phase": "grpo", "step": 1, "metrics": {"reward/mean": 0.5}}, None),
        ({"phase": "evaluate", "stage": "init", "metrics": {}}, None),
        ([], "must be an object, found a list"),
        ({"phase": "grpo", "step": 1}, "`metrics` must hold numbers by name"),
        ({"phase": "grpo", "step": 1, "metrics": {"reward/mean": "high"}}, "`metrics` must hold numbers by name"),
        ({"phase": "grpo", "metrics": {}}, "`step` must be a whole number, found nothing"),
        ({"phase": "tune", "step": 0.5, "metrics": {}}, "`step` must be a whole number, found a number"),
    ],
)
def test_a_line_of_metrics(line: Any, said: str | None) -> None:
    assert check_metrics_line(line) == said
