"""The reward worker: a Ray actor that scores whole groups with the configured mix."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from actors.logs import keep_output
from rewards.building import MixEntry, build_mix
from rewards.mix import Reward, RewardMix
from rollout.samples import Group, reward_sample


@dataclass(frozen=True)
class ScoredGroup:
    """A group with the reward of each of its samples, in order."""

    group: Group
    rewards: tuple[Reward, ...]
    seconds: float


class RewardWorker:
    """Scores one group at a time; a scorer's fault costs a sample, never the worker."""

    def __init__(self, name: str, entries: Sequence[MixEntry]) -> None:
        keep_output(name)
        self.entries = entries
        self.mix = RewardMix([])

    def ready(self) -> dict[str, str]:
        """Load the scorers. Returns their names and source hashes, once all are warm.

        Raises:
            PluginError: for one that cannot be loaded here.
        """
        from rewards.edit_distance import edit_distance
        from rewards.tree import Node

        self.mix = build_mix(self.entries)
        edit_distance(Node("a"), Node("b"))  # compiles, or reads the compiled form from disk
        return {item.runner.spec.name: item.runner.sha256 for item in self.mix.scorers}

    def score(self, group: Group) -> ScoredGroup:
        began = time.perf_counter()
        rewards = tuple(self.mix.score([reward_sample(group.prompt, sample) for sample in group.samples]))
        return ScoredGroup(group, rewards, time.perf_counter() - began)

    def close(self) -> None:
        """End what the scorers have running."""
        self.mix.close()
