"""Scoring recorded rollouts again, and a summary of what that gave."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rewards.mix import RewardMix
from rewards.sample import Reward
from rewards.tools.recorded import Recorded


@dataclass(frozen=True)
class Rescored:
    """A recorded sample with its new reward."""

    recorded: Recorded
    reward: Reward
    milliseconds: float
    """Milliseconds that scoring it took: the time of its group, divided by the number of samples."""


@dataclass(frozen=True)
class Summary:
    """The new rewards of many samples, beside their recorded ones."""

    samples: int
    """Number of samples."""
    scored: int
    """Number of samples that got a reward."""
    mean: float
    """Mean of the rewards; NaN if there are none."""
    std: float
    """Standard deviation of the rewards; NaN if there are none."""
    parts: dict[str, float]
    """Reward part -> mean over the samples that have it."""
    errors: Counter[str]
    """Scorer that counts -> number of samples on which it failed."""
    observer_errors: Counter[str]
    """Scorer of weight 0 -> number of samples on which it failed."""
    abstained: int
    """Number of samples that no scorer that counts applies to."""
    milliseconds: float
    """Mean time of a sample."""
    difference: float | None
    """Mean of new minus recorded reward, over the samples that have both; None if there are none."""
    largest_difference: float | None
    """The largest such difference, without its sign."""
    correlation: float | None
    """Pearson's correlation of new and recorded rewards; None where one of them does not vary."""


def rescore(mix: RewardMix, recorded: Sequence[Recorded]) -> Iterator[Rescored]:
    """Score samples again, group by group as a reward worker does; yields each with its new reward."""
    groups: dict[tuple[int | None, str], list[Recorded]] = {}
    for item in recorded:
        groups.setdefault((item.step, item.sample.group), []).append(item)
    for group in groups.values():
        began = time.perf_counter()
        rewards = mix.score([item.sample for item in group])
        each = 1000 * (time.perf_counter() - began) / len(group)
        for item, reward in zip(group, rewards, strict=True):
            yield Rescored(item, reward, each)


def summarise(found: Sequence[Rescored]) -> Summary:
    """Means, failures and the comparison with the recorded rewards."""
    values = np.array([item.reward.value for item in found if item.reward.value is not None])
    pairs = [
        (item.reward.value, item.recorded.reward)
        for item in found
        if item.reward.value is not None and item.recorded.reward is not None
    ]
    new, old = np.array(pairs).T if pairs else (np.empty(0), np.empty(0))
    names = dict.fromkeys(name for item in found for name in item.reward.parts)
    parts = {n: float(np.mean([i.reward.parts[n] for i in found if n in i.reward.parts])) for n in names}
    varied = len(pairs) > 1 and new.std() > 0 and old.std() > 0
    return Summary(
        samples=len(found),
        scored=len(values),
        mean=float(values.mean()) if len(values) else float("nan"),
        std=float(values.std()) if len(values) else float("nan"),
        parts=parts,
        errors=Counter(name for item in found for name in item.reward.errors),
        observer_errors=Counter(name for item in found for name in item.reward.observer_errors),
        abstained=sum(item.reward.abstained for item in found),
        milliseconds=float(np.mean([item.milliseconds for item in found])) if found else 0.0,
        difference=float((new - old).mean()) if pairs else None,
        largest_difference=float(np.abs(new - old).max()) if pairs else None,
        correlation=float(np.corrcoef(new, old)[0, 1]) if varied else None,
    )
