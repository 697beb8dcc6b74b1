"""Scored groups -> training groups: who gets which advantage. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rl.algo.advantages import StepRewards, less_kl
from rl.algo.credit import CreditRule
from rl.algo.estimators import Estimator
from rollout.samples import ScoredGroup, TrainingGroup


def assign(
    groups: Sequence[ScoredGroup],
    estimate: Estimator,
    credit: CreditRule,
    weights: Mapping[str, float],
    kl: Sequence[Sequence[float]] = (),
    kl_weight: float = 0.0,
) -> list[TrainingGroup]:
    """Give each sample its advantage, and its tokens theirs.

    Args:
        groups: the step's; samples without a reward get no advantage.
        estimate: the advantage estimator.
        credit: which tokens get which advantage.
        weights: scorer -> its weight in the mix.
        kl: each sample's KL from the reference, by group, where it is a penalty in the reward; else empty.
        kl_weight: weight of that penalty.
    """
    values = [[reward.value for reward in group.rewards] for group in groups]
    parts = [[reward.parts for reward in group.rewards] for group in groups]
    if kl:
        values = less_kl(values, kl, kl_weight)
    advantages = estimate(StepRewards(values, [group.prompt.row.task for group in groups], parts, weights))
    return [
        TrainingGroup(**vars(group), advantages=tuple(of_group), credit=tuple(tokens))
        for group, of_group, tokens in zip(groups, advantages, credit(groups, estimate), strict=True)
    ]
