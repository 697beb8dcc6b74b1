"""GDPO against a hand computation and the formula as a tensor expression."""

from __future__ import annotations

import math

import pytest
import torch

from rl.algo.advantages import StepRewards, grpo
from rl.algo.gdpo import gdpo


def test_by_hand() -> None:
    """Two groups of two samples, two parts; normalised in its group a pair is +-1/sqrt(2), whatever its spread."""
    half = math.sqrt(0.5)
    parts = [[{"leaf": 1.0, "root": 0.0}, {"leaf": 0.8, "root": 1.0}], [{"leaf": 0.5, "root": 1.0}, {"leaf": 0.1, "root": 1.0}]]
    found = gdpo(StepRewards([[0.5, 0.9], [0.75, 0.55]], parts=parts, weights={"leaf": 1.0, "root": 3.0}))
    sums = [half - 3 * half, -half + 3 * half, half, -half]  # of the second group's root, nothing can be learned
    std = math.sqrt(sum(value**2 for value in sums) / 3)
    assert [value for group in found for value in group] == pytest.approx([value / std for value in sums], rel=2e-3)


def test_equals_the_papers_equations() -> None:
    torch.manual_seed(0)
    rewards, weights = torch.rand(5, 8, 3), torch.tensor([0.5, 2.0, 1.0])
    normalised = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
    summed = (normalised * weights).sum(-1)
    expected = (summed - summed.mean()) / (summed.std() + 1e-4)
    parts = [[dict(zip("abc", sample, strict=True)) for sample in group] for group in rewards.tolist()]
    step = StepRewards((rewards @ weights).tolist(), parts=parts, weights=dict(zip("abc", weights.tolist(), strict=True)))
    assert torch.allclose(torch.tensor(gdpo(step)), expected, atol=1e-5)


def test_a_group_in_which_more_differs_pulls_harder() -> None:
    """What the paper is about: to GRPO, sums of 0 and 1 are the same as sums of 0 and 2."""
    parts = [[{"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 1.0}], [{"a": 0.0, "b": 0.0}, {"a": 1.0, "b": 1.0}]]
    rewards = StepRewards([[1.0, 2.0], [0.0, 2.0]], parts=parts, weights={"a": 1.0, "b": 1.0})
    one, both = gdpo(rewards)
    assert both == pytest.approx([2 * value for value in one], rel=1e-3)
    assert grpo(rewards)[1] == pytest.approx(grpo(rewards)[0], rel=1e-3)


def test_a_scorer_that_does_not_apply_adds_nothing_and_dropped_samples_have_no_advantage() -> None:
    parts = [[{"a": 1.0, "b": 5.0}, {"a": 0.0}, {"a": 0.5, "b": 1.0}, {"a": 9.0}], [{"a": 1.0}, {}]]
    found = gdpo(StepRewards([[1.0, 0.0, 0.5, None], [1.0, None]], parts=parts, weights={"a": 1.0, "b": 0.0}))
    assert found[0][3] is None
    assert found[1] == [None, None]
    assert found[0][:3] == pytest.approx([1.0, -1.0, 0.0], rel=1e-3)
