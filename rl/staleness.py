"""How old the weights are that drew what is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actors.reward_worker import ScoredGroup
from rollout.samples import Group, Sample


def without_stale(groups: Sequence[ScoredGroup], version: int, most: int) -> list[ScoredGroup]:
    """Take the rewards off samples of which weights more than `most` versions older than `version` drew a part.

    Such samples count as not scored: nothing is learned from them, and their group's statistics are taken without them.
    """

    def fresh(item: ScoredGroup) -> ScoredGroup:
        pairs = zip(item.group.samples, item.rewards, strict=True)
        return replace(item, rewards=tuple(replace(r, value=None) if age(s, version) > most else r for s, r in pairs))

    return [fresh(item) for item in groups]


def age(sample: Sample, version: int) -> int:
    """Versions between the oldest weights that drew a sample and `version`."""
    return version - sample.version


def age_metrics(groups: Sequence[Group], version: int, most: int) -> dict[str, float]:
    ages = [age(sample, version) for group in groups for sample in group.samples]
    return {
        "rollout/age_mean": float(np.mean(ages)),
        "rollout/age_max": float(max(ages)),
        "rollout/stale": float(sum(number > most for number in ages)),
    }
