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
    mask_truncated: bool = False,
) -> list[TrainingGroup]:
    """Give each sample its advantage, and its tokens theirs.

    Args:
        groups: the step's; samples without a reward get no advantage.
        estimate: the advantage estimator.
        credit: which tokens get which advantage.
        weights: scorer -> its weight in the mix.
        kl: each sample's KL from the reference, by group, where it is a penalty in the reward; else empty.
        kl_weight: weight of that penalty.
        mask_truncated: give samples that were cut off no advantage, so that nothing is learned from them. Their rewards stay in
            their group's statistics: overlong filtering (DAPO, arXiv 2503.14476) as TRL's `mask_truncated_completions` does it.
    """
    values = [[reward.value for reward in group.rewards] for group in groups]
    parts = [[reward.parts for reward in group.rewards] for group in groups]
    if kl:
        values = less_kl(values, kl, kl_weight)
    advantages = estimate(StepRewards(values, [group.prompt.row.task for group in groups], parts, weights))
    if mask_truncated:
        advantages = [
            [None if sample.truncated else advantage for sample, advantage in zip(group.samples, of_group, strict=True)]
            for group, of_group in zip(groups, advantages, strict=True)
        ]
    return [
        TrainingGroup(**vars(group), advantages=tuple(of_group), credit=tuple(tokens))
        for group, of_group, tokens in zip(groups, advantages, credit(groups, estimate), strict=True)
    ]
