"""The reward worker: a Ray actor that scores whole groups with the configured mix."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ray

from actors.logs import keep_output
from rewards.errors import UserError
from rewards.mix import MixEntry, RewardMix, build_mix
from rollout.samples import Group, ScoredGroup, reward_sample


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
        from rewards.tree.edit_distance import edit_distance
        from rewards.tree.nodes import Node

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


class ScoringTimeout(UserError):
    """Groups were not scored within the bound."""


class RewardPool:
    """A pool of reward workers. Scoring overlaps generation, and no group passes through the driver on its way."""

    def __init__(self, entries: Sequence[MixEntry], workers: int) -> None:
        actor = ray.remote(RewardWorker).options(num_cpus=0.1)
        self.workers = [actor.remote(f"reward worker {number}", entries) for number in range(workers)]
        self._turn = itertools.cycle(self.workers)

    def ready(self) -> list[Any]:
        return [worker.ready.remote() for worker in self.workers]

    def shutdown(self) -> None:
        """Let the workers end what their scorers have running."""
        ray.wait([worker.close.remote() for worker in self.workers], num_returns=len(self.workers), timeout=10)

    def score(self, groups: Iterable[Any], timeout: float) -> Iterator[ScoredGroup]:
        """Score groups given by reference, each from the moment that it is given; yields them as they finish.

        Raises:
            ScoringTimeout: if nothing finishes for `timeout` seconds after the last group was given.
            Exception: what a worker died of.
        """
        waiting = [next(self._turn).score.remote(group) for group in groups]
        count = len(waiting)
        while waiting:
            done, waiting = ray.wait(waiting, num_returns=1, timeout=timeout)
            if not done:
                raise ScoringTimeout(
                    f"no group was scored for {timeout:.0f} s ({len(waiting)} of {count} outstanding): scorers take longer "
                    "than that. See rollout.timeout and rewards.scorers.*.timeout."
                )
            yield ray.get(done[0])
