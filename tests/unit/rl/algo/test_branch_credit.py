"""The credit of sections, in groups that were sampled as trees."""

from __future__ import annotations

import pytest

from rewards.plugins.spec import FunctionSpec
from rl.algo.advantages import StepRewards, dr_grpo, grpo
from rl.algo.branch_credit import section_advantages
from rl.algo.estimators import Estimator


def estimator(name: str) -> Estimator:
    return Estimator(FunctionSpec(name))


PATHS = [(a, e, m) for a in range(2) for e in range(2) for m in range(2)]


def test_a_section_gets_what_comes_of_it_relative_to_its_siblings() -> None:
    rewards = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    found = section_advantages(PATHS, rewards, estimator("dr_grpo"))
    # subtree means: a0 0.75, a1 0.25; a0e0 0.5, a0e1 1.0, a1e0 0.0, a1e1 0.5
    assert found[0] == pytest.approx((0.25, -0.25, 0.5))
    assert found[3] == pytest.approx((0.25, 0.25, 0.0))
    assert found[7] == pytest.approx((-0.25, 0.25, 0.5))
    # sections' advantages add up to the sample's
    assert [sum(sections) for sections in found] == pytest.approx(dr_grpo(StepRewards([rewards]))[0])
    assert [sum(s) for s in section_advantages(PATHS, rewards, estimator("grpo"))] == pytest.approx(
        grpo(StepRewards([rewards]))[0]
    )


def test_leaving_the_section_itself_out_is_unbiased() -> None:
    """With rloo, siblings are compared with the others alone: twice as much among two."""
    rewards = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    plain, without = (section_advantages(PATHS, rewards, estimator(name)) for name in ("dr_grpo", "rloo"))
    assert [tuple(2 * value for value in sections) for sections in plain] == without


def test_a_section_drawn_once_answers_with_what_it_continues() -> None:
    rewards = [1.0, 0.0, 0.5, 0.0]
    paths = [(a, 0, 0) for a in range(4)]
    sequence = grpo(StepRewards([rewards]))[0]
    assert section_advantages(paths, rewards, estimator("grpo")) == [pytest.approx((value,) * 3) for value in sequence]


def test_samples_without_a_reward_are_left_out_of_all_means() -> None:
    rewards = [1.0, None, 0.0, 0.0, None, None, None, None]
    found = section_advantages(PATHS, rewards, estimator("dr_grpo"))
    # a1 has no reward at all, so a0 has no siblings; a0e0 is 1, a0e1 is 0
    assert found[0] == pytest.approx((0.0, 0.5, 0.5))
    assert found[2] == pytest.approx((0.0, -0.5, 0.0))


def test_early_texts_weigh_as_much_as_what_they_stand_for() -> None:
    paths = [(0,)] * 4 + [(1, e, m) for e in range(2) for m in range(2)]
    found = section_advantages(paths, [0.0] * 4 + [1.0, 1.0, 0.0, 0.0], estimator("dr_grpo"))
    assert found[0] == pytest.approx((-0.25,))
    assert found[4] == pytest.approx((0.25, 0.5, 0.0))
