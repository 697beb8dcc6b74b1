"""Scoring recorded rollouts again, with what a researcher wants to see of it."""

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
    """A recorded sample with its new reward and what that took."""

    recorded: Recorded
    reward: Reward
    milliseconds: float


@dataclass(frozen=True)
class Summary:
    """The new rewards of many samples."""

    samples: int
    scored: int
    mean: float
    std: float
    parts: dict[str, float]
    """Means over the samples that have the part."""
    errors: Counter[str]
    """By scorer."""
    milliseconds: float
    """Mean of a sample."""
    difference: float | None
    """Mean of new minus recorded reward, where both are there."""
    largest_difference: float | None
    correlation: float | None
    """Pearson's, of new and recorded rewards."""


def rescore(mix: RewardMix, recorded: Sequence[Recorded]) -> Iterator[Rescored]:
    """Score group by group, as a reward worker does; a group's time is shared evenly among its samples."""
    groups: dict[str, list[Recorded]] = {}
    for item in recorded:
        groups.setdefault(item.sample.group, []).append(item)
    for group in groups.values():
        began = time.perf_counter()
        rewards = mix.score([item.sample for item in group])
        each = 1000 * (time.perf_counter() - began) / len(group)
        for item, reward in zip(group, rewards, strict=True):
            yield Rescored(item, reward, each)


def summarise(found: Sequence[Rescored]) -> Summary:
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
        milliseconds=float(np.mean([item.milliseconds for item in found])) if found else 0.0,
        difference=float((new - old).mean()) if pairs else None,
        largest_difference=float(np.abs(new - old).max()) if pairs else None,
        correlation=float(np.corrcoef(new, old)[0, 1]) if varied else None,
    )
