"""The reward workers as one thing: groups go in as they complete, scored groups come out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ray

from actors.reward_worker import RewardWorker, ScoredGroup
from rewards.building import MixEntry
from rewards.errors import UserError


class ScoringTimeout(UserError):
    """Groups were not scored within the bound."""


class Scoring:
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
