"""The reward workers as one thing: groups go in as they complete, scored groups come out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import ray

from actors.reward_worker import RewardWorker, ScoredGroup


class ScoringTimeout(RuntimeError):
    """A step's groups were not generated and scored within the bound."""


class Scoring:
    """A pool of reward workers. Ray hands each group to its worker the moment the group exists, so scoring
    overlaps generation and no group passes through the driver on its way."""

    def __init__(self, settings: Mapping[str, Any], workers: int) -> None:
        plain = {name: SimpleNamespace(**asdict(scorer)) for name, scorer in settings.items()}
        actor = ray.remote(RewardWorker).options(num_cpus=0.1)
        self.workers = [actor.remote(plain) for _ in range(workers)]
        self._turn = itertools.cycle(self.workers)

    def ready(self) -> list[Any]:
        return [worker.ready.remote() for worker in self.workers]

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
                    "an engine or a scorer hangs. See rollout.timeout and rewards.timeout."
                )
            yield ray.get(done[0])
