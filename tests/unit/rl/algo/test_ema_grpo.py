"""EMA-GRPO against a hand computation over two steps, and its guard."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from rl.algo.advantages import StepRewards
from rl.algo.ema_grpo import ema_grpo


def test_two_steps_by_hand() -> None:
    memory: dict[str, Any] = {}
    step = StepRewards([[1.0, 0.0], [0.4, 0.6]], tasks=["qa", "rationale"])
    qa, rationale = ema_grpo(step, memory=memory, decay=0.9)
    assert memory == {"qa": [0.5, 0.5], "rationale": [pytest.approx(0.5), pytest.approx(0.26)]}
    assert qa == pytest.approx([0.5 / 0.5, -0.5 / 0.5], rel=1e-5)
    assert rationale == pytest.approx([-0.1 / 0.1, 0.1 / 0.1], rel=1e-4)

    (qa,) = ema_grpo(StepRewards([[1.0, 1.0, 0.0, 1.0]], tasks=["qa"]), memory=memory, decay=0.9)
    first, second = 0.9 * 0.5 + 0.1 * 0.75, 0.9 * 0.5 + 0.1 * 0.75
    assert memory["qa"] == pytest.approx([first, second])
    std = math.sqrt(second - first**2)
    assert qa == pytest.approx([0.25 / std, 0.25 / std, -0.75 / std, 0.25 / std], rel=1e-5)
    assert memory["rationale"] == pytest.approx([0.5, 0.26])  # a task that a step does not ask keeps its scale


def test_tasks_with_a_wide_and_a_narrow_reward_pull_alike() -> None:
    step = StepRewards([[10.0, 0.0], [0.02, 0.01]], tasks=["wide", "narrow"])
    wide, narrow = ema_grpo(step, memory={})
    assert wide == pytest.approx([abs(value) * sign for value, sign in zip(narrow, (1, -1), strict=True)], rel=1e-3)


def test_a_group_far_beyond_its_tasks_spread_is_scaled_by_its_own() -> None:
    memory = {"qa": [0.5, 0.2501]}  # a deviation of 0.01
    (found,) = ema_grpo(StepRewards([[1.0, 0.0]], tasks=["qa"]), memory=memory, decay=1.0)
    assert found == pytest.approx([1.0, -1.0], rel=1e-4)


def test_dropped_samples_count_in_no_moment() -> None:
    memory: dict[str, Any] = {}
    found = ema_grpo(StepRewards([[1.0, None, 0.0], [None, None]], tasks=["qa", "caption"]), memory=memory)
    assert found == [[pytest.approx(1.0, rel=1e-4), None, pytest.approx(-1.0, rel=1e-4)], [None, None]]
    assert memory == {"qa": [0.5, 0.5]}


def test_its_memory_survives_a_checkpoint() -> None:
    memory: dict[str, Any] = {}
    ema_grpo(StepRewards([[1.0, 0.0]], tasks=["qa"]), memory=memory)
    kept = json.loads(json.dumps(memory))
    step = StepRewards([[0.9, 0.2]], tasks=["qa"])
    assert ema_grpo(step, memory=kept) == ema_grpo(step, memory=memory)
