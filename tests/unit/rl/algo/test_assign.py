"""Scored groups become training groups."""

from __future__ import annotations

import pytest

from rewards.plugins.spec import FunctionSpec
from rewards.sample import Reward
from rl.algo.assign import assign
from rl.algo.credit import credit_rule
from rl.algo.estimators import Estimator
from rollout.samples import TokenCredit
from tests.unit.stations import group, scored, scored_group

SEQUENCE = credit_rule(FunctionSpec("sequence"))


def test_each_sample_gets_its_advantage_and_the_group_stays_what_it_was() -> None:
    first, second = scored_group([1.0, 0.0]), scored_group([None, 1.0])
    found = assign([first, second], Estimator(FunctionSpec("dr_grpo")), SEQUENCE, {})
    assert [one.advantages for one in found] == [(0.5, -0.5), (None, None)]
    assert found[0].credit == (TokenCredit(), TokenCredit())
    assert (found[0].samples, found[0].rewards) == (first.samples, first.rewards)


def test_kl_is_taken_off_before_samples_are_compared() -> None:
    (found,) = assign([scored_group([1.0, 1.0])], Estimator(FunctionSpec("dr_grpo")), SEQUENCE, {}, [[2.0, 0.0]], 0.5)
    assert found.advantages == pytest.approx((-0.5, 0.5))


@pytest.mark.parametrize("estimator", ["dr_grpo", "grpo", "rloo", "reinforce++_baseline"])
def test_samples_that_were_cut_off_stay_in_their_groups_statistics_and_are_not_learned_from(estimator: str) -> None:
    """TRL's `mask_truncated_completions`: advantages as without it, and no loss on what was cut off."""
    drawn = scored(group(["", "", ""], truncated=[False, True, False]), [Reward(1.0), Reward(0.0), Reward(0.5)])
    (plain,) = assign([drawn], Estimator(FunctionSpec(estimator)), SEQUENCE, {})
    (masked,) = assign([drawn], Estimator(FunctionSpec(estimator)), SEQUENCE, {}, mask_truncated=True)
    assert masked.advantages == (plain.advantages[0], None, plain.advantages[2])
    kept = masked.tokens()
    assert kept is not None
    assert kept.advantages == (plain.advantages[0], plain.advantages[2])


def test_the_mean_of_a_group_counts_what_was_cut_off() -> None:
    drawn = scored(group(["", "", ""], truncated=[False, True, False]), [Reward(1.0), Reward(0.0), Reward(0.5)])
    (found,) = assign([drawn], Estimator(FunctionSpec("dr_grpo")), SEQUENCE, {}, mask_truncated=True)
    assert found.advantages == (0.5, None, 0.0)  # of the two that are left it would be 0.25 and -0.25


def test_a_group_that_was_cut_off_whole_has_no_tokens_to_learn_from() -> None:
    drawn = scored(group(["", ""], truncated=[True, True]), [Reward(1.0), Reward(0.0)])
    (found,) = assign([drawn], Estimator(FunctionSpec("dr_grpo")), SEQUENCE, {}, mask_truncated=True)
    assert (found.advantages, found.tokens()) == ((None, None), None)


def test_estimators_see_parts_weights_and_tasks() -> None:
    rewards = [Reward(0.5, parts={"a": 1.0, "b": 0.0}), Reward(0.5, parts={"a": 0.0, "b": 1.0})]
    (found,) = assign([scored(group(["", ""]), rewards)], Estimator(FunctionSpec("gdpo")), SEQUENCE, {"a": 3.0, "b": 1.0})
    assert found.advantages[0] is not None
    assert found.advantages[0] > 0.5  # equal rewards, but `a` counts for more
    estimate = Estimator(FunctionSpec("ema_grpo"))
    assign([scored_group([1.0, 0.0], task="qa")], estimate, SEQUENCE, {})
    assert list(estimate.memory["reward"]) == ["qa"]
