"""Reward workers: Ray actors that score whole groups with the configured mix, and the pool of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ray

from actors.logs import keep_output
from rewards.errors import UserError
from rewards.mix import MixEntry, RewardMix, build_mix
from rewards.readings import read
from rollout.samples import Group, ScoredGroup, reward_sample


class RewardWorker:
    """Scores one group at a time; a scorer's fault costs a sample, never the worker."""

    def __init__(self, name: str, entries: Sequence[MixEntry]) -> None:
        """
        Args:
            name: as the log calls it.
            entries: the mix's scorers and weights.
        """
        keep_output(name)
        self.entries = entries
        self.mix = RewardMix([])

    def ready(self) -> dict[str, str]:
        """Load the scorers. Returns each one's name -> SHA-256 of its source, once all are warm.

        Raises:
            PluginError: if one cannot be loaded here.
        """
        from rewards.tree.edit_distance import edit_distance
        from rewards.tree.nodes import Node

        self.mix = build_mix(self.entries)
        edit_distance(Node("a"), Node("b"))  # is compiled at its first call, or read from disk in compiled form
        return {item.runner.spec.name: item.runner.sha256 for item in self.mix.scorers}

    def score(self, group: Group) -> ScoredGroup:
        """The group with its rewards, and with what the lines of its samples state."""
        samples = [reward_sample(group.prompt, sample) for sample in group.samples]
        rewards = tuple(self.mix.score(samples))
        readings = tuple(map(read, samples))
        return ScoredGroup(**vars(group), rewards=rewards, readings=readings)

    def close(self) -> None:
        """End what the scorers have running."""
        self.mix.close()


class ScoringTimeout(UserError):
    """No group was scored within `rollout.timeout`."""


class RewardPool:
    """A pool of reward workers, which take turns. Scoring overlaps generation, and unscored groups do not pass through the
    driver: it hands on references to them."""

    def __init__(self, entries: Sequence[MixEntry], workers: int) -> None:
        """Start so many workers, each with the mix of these entries."""
        actor = ray.remote(RewardWorker).options(num_cpus=0.1)
        self.workers: list[Any] = [actor.remote(f"reward worker {number}", entries) for number in range(workers)]
        self._turn = itertools.cycle(self.workers)

    def ready(self) -> list[Any]:
        """References that are ready when the workers are, each to its scorers' names and source hashes."""
        return [worker.ready.remote() for worker in self.workers]

    def shutdown(self) -> None:
        """Let the workers end what their scorers have running; waits for it up to 10 seconds."""
        ray.wait([worker.close.remote() for worker in self.workers], num_returns=len(self.workers), timeout=10)

    def score(self, groups: Iterable[Any], timeout: float) -> Iterator[ScoredGroup]:
        """Score groups, each from the moment that it is given; yields them as they finish.

        Args:
            groups: references to them.
            timeout: seconds within which some group has to be finished, once all were given.

        Raises:
            ScoringTimeout: if none is.
            RayError: if a worker died.
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
