"""Advantages from rewards, group by group. Each estimator is a pure function of a step's rewards.

A reward of None is a sample that could not be scored: it is dropped, and statistics are taken over the others. A group
with fewer than two scored samples has nothing to compare, and all its samples are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

EPSILON = 1e-4
"""Added to standard deviations, as in the framework that the paper's authors used (ms-swift 3.2)."""
Rewards = Sequence[Sequence[float | None]]
"""By group and sample."""
Advantages = list[list[float | None]]


def grpo(rewards: Rewards) -> Advantages:
    """(r - mean) / (std + 1e-4) within the group, with the unbiased deviation (GRPO, arXiv 2402.03300, Eq. 3)."""

    def normalised(group: list[float]) -> list[float]:
        scale = _deviation(group) + EPSILON
        return [value / scale for value in _centred(group)]

    return _by_group(rewards, normalised)


def dr_grpo(rewards: Rewards) -> Advantages:
    """r - mean within the group (Dr. GRPO, arXiv 2503.20783): groups that hardly differ do not pull as hard."""
    return _by_group(rewards, _centred)


def rloo(rewards: Rewards) -> Advantages:
    """r - mean of the group's other samples (RLOO, arXiv 2402.14740): unbiased, n / (n - 1) times `dr_grpo`."""

    def leave_one_out(group: list[float]) -> list[float]:
        return [value * len(group) / (len(group) - 1) for value in _centred(group)]

    return _by_group(rewards, leave_one_out)


def reinforce_plus_plus(rewards: Rewards) -> Advantages:
    """(r - mean) / (std + 1e-4) over the whole step (REINFORCE++, arXiv 2501.03262)."""
    return _whiten(_by_group(rewards, list))


def reinforce_plus_plus_baseline(rewards: Rewards) -> Advantages:
    """r - mean within the group, then whitened over the whole step (REINFORCE++-baseline, arXiv 2501.03262)."""
    return _whiten(dr_grpo(rewards))


ESTIMATORS: dict[str, Callable[[Rewards], Advantages]] = {
    "grpo": grpo,
    "dr_grpo": dr_grpo,
    "rloo": rloo,
    "reinforce++": reinforce_plus_plus,
    "reinforce++_baseline": reinforce_plus_plus_baseline,
}


def less_kl(rewards: Rewards, kl: Sequence[Sequence[float]], weight: float) -> Advantages:
    """Rewards less `weight` times each sample's KL from the reference, for a penalty in the reward."""
    return [
        [None if reward is None else reward - weight * penalty for reward, penalty in zip(group, penalties, strict=True)]
        for group, penalties in zip(rewards, kl, strict=True)
    ]


def _by_group(rewards: Rewards, estimate: Callable[[list[float]], list[float]]) -> Advantages:
    found: Advantages = []
    for group in rewards:
        scored = [reward for reward in group if reward is not None]
        if len(scored) < 2:
            found.append([None] * len(group))
            continue
        values = iter(estimate(scored))
        found.append([None if reward is None else next(values) for reward in group])
    return found


def _whiten(groups: Rewards) -> Advantages:
    scored = [value for group in groups for value in group if value is not None]
    if len(scored) < 2:
        return [[None] * len(group) for group in groups]
    mean, scale = sum(scored) / len(scored), _deviation(scored) + EPSILON
    return [[None if value is None else (value - mean) / scale for value in group] for group in groups]


def _centred(values: Sequence[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value - mean for value in values]


def _deviation(values: Sequence[float]) -> float:
    """Unbiased."""
    return math.sqrt(sum(value**2 for value in _centred(values)) / (len(values) - 1))
