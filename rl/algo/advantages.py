"""Advantages from rewards, group by group. Each estimator is a pure function of a step's rewards.

A reward of None is a sample that could not be scored: it is dropped, and statistics are taken over the others. A group
with fewer than two scored samples has nothing to compare, and all its samples are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

EPSILON = 1e-4
"""Added to standard deviations, as in the framework that the paper's authors used (ms-swift 3.2)."""
Rewards = Sequence[Sequence[float | None]]
"""Rewards by group and sample; None for a sample that could not be scored."""
Advantages = list[list[float | None]]


@dataclass(frozen=True)
class StepRewards:
    """What an estimator is given: the rewards of all groups of a step."""

    values: Rewards
    tasks: Sequence[str] = ()
    """The task of each group."""
    parts: Sequence[Sequence[Mapping[str, float]]] = ()
    """By group and sample: scorer -> what it gave. Scorers that do not apply to a sample are missing."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Scorer -> its weight in the mix."""


def grpo(rewards: StepRewards) -> Advantages:
    """(r - mean) / (std + 1e-4) within the group, with the unbiased deviation (GRPO, arXiv 2402.03300, Eq. 3)."""
    return by_group(rewards.values, normalised)


def dr_grpo(rewards: StepRewards) -> Advantages:
    """r - mean within the group (Dr. GRPO, arXiv 2503.20783): groups that hardly differ do not pull as hard."""
    return by_group(rewards.values, centred)


def rloo(rewards: StepRewards) -> Advantages:
    """r - mean of the group's other samples (RLOO, arXiv 2402.14740): unbiased, n / (n - 1) times `dr_grpo`."""

    def leave_one_out(group: list[float]) -> list[float]:
        return [value * len(group) / (len(group) - 1) for value in centred(group)]

    return by_group(rewards.values, leave_one_out)


def reinforce_plus_plus(rewards: StepRewards) -> Advantages:
    """(r - mean) / (std + 1e-4) over the whole step (REINFORCE++, arXiv 2501.03262)."""
    return whiten(by_group(rewards.values, list))


def reinforce_plus_plus_baseline(rewards: StepRewards) -> Advantages:
    """r - mean within the group, then whitened over the whole step (REINFORCE++-baseline, arXiv 2501.03262)."""
    return whiten(dr_grpo(rewards))


def less_kl(rewards: Rewards, kl: Sequence[Sequence[float]], weight: float) -> Advantages:
    """Rewards minus `weight` times each sample's KL from the reference: the KL penalty as a part of the reward."""
    return [
        [None if reward is None else reward - weight * penalty for reward, penalty in zip(group, penalties, strict=True)]
        for group, penalties in zip(rewards, kl, strict=True)
    ]


def by_group(rewards: Rewards, estimate: Callable[[list[float]], list[float]]) -> Advantages:
    """Apply an estimate to the scored samples of each group that has at least two."""
    found: Advantages = []
    for group in rewards:
        scored = [reward for reward in group if reward is not None]
        if len(scored) < 2:
            found.append([None] * len(group))
            continue
        values = iter(estimate(scored))
        found.append([None if reward is None else next(values) for reward in group])
    return found


def normalised(values: Sequence[float]) -> list[float]:
    """(v - mean) / (std + 1e-4)."""
    scale = deviation(values) + EPSILON
    return [value / scale for value in centred(values)]


def whiten(groups: Rewards) -> Advantages:
    """(v - mean) / (std + 1e-4) over all values of a step."""
    scored = [value for group in groups for value in group if value is not None]
    if len(scored) < 2:
        return [[None] * len(group) for group in groups]
    values = iter(normalised(scored))
    return [[None if value is None else next(values) for value in group] for group in groups]


def centred(values: Sequence[float]) -> list[float]:
    """v - mean."""
    mean = sum(values) / len(values)
    return [value - mean for value in values]


def deviation(values: Sequence[float]) -> float:
    """The unbiased standard deviation; at least two values."""
    return math.sqrt(sum(value**2 for value in centred(values)) / (len(values) - 1))
