"""The reward workers as one thing: groups go in as they complete, scored groups come out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from actors.reward_worker import RewardWorker, ScoredGroup
from rewards.building import MixEntry


class ScoringTimeout(RuntimeError):
    """A step's groups were not generated and scored within the bound."""


class Scoring:
    """A pool of reward workers. Ray hands each group to its worker the moment the group exists, so scoring
    overlaps generation and no group passes through the driver on its way."""

    def __init__(self, entries: Sequence[MixEntry], workers: int) -> None:
        actor = ray.remote(RewardWorker).options(num_cpus=0.1)
        self.workers = [actor.remote(entries) for _ in range(workers)]
        self._turn = itertools.cycle(self.workers)

    def ready(self) -> list[Any]:
        return [worker.ready.remote() for worker in self.workers]

    def shutdown(self) -> None:
        """Let the workers end what their scorers have running."""
        ray.wait([worker.close.remote() for worker in self.workers], num_returns=len(self.workers), timeout=10)

    def score(self, groups: Sequence[Any], timeout: float) -> Iterator[ScoredGroup]:
        """Score groups given by reference; yields them as they finish.

        Raises:
            ScoringTimeout: if nothing finishes for `timeout` seconds.
            Exception: what an engine or a worker died of.
        """
        waiting = [next(self._turn).score.remote(group) for group in groups]
        while waiting:
            done, waiting = ray.wait(waiting, num_returns=1, timeout=timeout)
            if not done:
                raise ScoringTimeout(
                    f"no group was finished for {timeout:.0f} s ({len(waiting)} of {len(groups)} outstanding); "
                    "an engine hangs, or scorers take longer than that. See rollout.timeout and rewards.scorers.*.timeout."
                )
            yield ray.get(done[0])
