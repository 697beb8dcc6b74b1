"""Advantages against hand-computed examples, and what every estimator has to keep to."""

from __future__ import annotations

import math

import pytest
import torch

from rewards.plugins.spec import FunctionSpec
from rl.algo.advantages import Advantages, Rewards, StepRewards, less_kl
from rl.algo.estimators import ESTIMATORS, Estimator


def several(estimator: str, rewards: Rewards) -> Advantages:
    return Estimator(FunctionSpec(estimator))(StepRewards(rewards))


def one(estimator: str, rewards: list[float | None]) -> list[float | None]:
    return several(estimator, [rewards])[0]


def test_advantages_by_hand() -> None:
    scale = math.sqrt(((1 - 0.5) ** 2 + 0.5**2) / 1) + 1e-4  # unbiased: divided by n - 1
    assert one("grpo", [1.0, 0.0]) == pytest.approx([0.5 / scale, -0.5 / scale])
    assert one("dr_grpo", [3.0, 1.0, 2.0]) == pytest.approx([1.0, -1.0, 0.0])
    assert one("rloo", [3.0, 1.0, 2.0]) == pytest.approx([3 - 1.5, 1 - 2.5, 0.0])
    whole = [[4.0, 2.0], [0.0, 2.0]]
    std = math.sqrt((4 + 0 + 4 + 0) / 3) + 1e-4
    assert several("reinforce++", whole) == [pytest.approx([2 / std, 0.0]), pytest.approx([-2 / std, 0.0])]
    std = math.sqrt(4 / 3) + 1e-4
    expected = [pytest.approx([1 / std, -1 / std]), pytest.approx([-1 / std, 1 / std])]
    assert several("reinforce++_baseline", whole) == expected


@pytest.mark.parametrize("estimator", sorted(ESTIMATORS))
def test_dropped_samples_do_not_count(estimator: str) -> None:
    kept = one(estimator, [1.0, 0.0])
    assert one(estimator, [1.0, None, 0.0]) == pytest.approx([kept[0], None, kept[1]])
    assert one(estimator, [1.0, None]) == [None, None]
    assert one(estimator, [None, None]) == [None, None]
    assert several(estimator, [[1.0, None], [0.0, 1.0]])[0] == [None, None]


@pytest.mark.parametrize("estimator", sorted(ESTIMATORS))
def test_equal_rewards_have_no_advantage(estimator: str) -> None:
    assert one(estimator, [0.7] * 4) == pytest.approx([0.0] * 4)


def test_grpo_equals_trls_and_openrlhfs_formula() -> None:
    rewards = torch.rand(6, 8)
    expected = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
    assert torch.allclose(torch.tensor(several("grpo", rewards.tolist())), expected, atol=1e-5)


def test_kl_is_taken_off_the_reward() -> None:
    assert less_kl([[1.0, None]], [[2.0, 3.0]], 0.1) == [[pytest.approx(0.8), None]]
