"""Reward workers: Ray actors that score whole groups with the configured mix, and the pool of them."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import ray

from actors.forwarding import start_actor
from actors.logs import keep_output
from rewards.errors import UserError
from rewards.mix import MixEntry, RewardMix, build_mix
from rewards.plugins.spec import PluginError
from rewards.scorers.judge import hosting
from rewards.scorers.questions import Judge
from rollout.samples import Group, ScoredGroup
from rollout.scoring import score_group

_LOG_EVERY = 30.0
"""Seconds between two times that what the scorers have said goes to the log, so that one that prints much does not fill it."""


class RewardWorker:
    """Scores one group at a time; a scorer's fault costs a sample, never the worker."""

    def __init__(self, name: str, entries: Sequence[MixEntry], judge: Judge | None) -> None:
        """
        Args:
            name: as the log calls it.
            entries: the mix's scorers and weights.
            judge: what `judge: hosted` means; None if the run hosts none.
        """
        keep_output(name)
        self.entries, self.judge = entries, judge
        self.mix = RewardMix([])
        self._next_log = 0.0

    def ready(self) -> dict[str, str]:
        """Load the scorers. Returns each one's name -> SHA-256 of its source, once all are warm.

        Raises:
            PluginError: if one cannot be loaded here; with the name of this node.
        """
        from rewards.tree.edit_distance import edit_distance
        from rewards.tree.nodes import Node

        try:
            self.mix = build_mix(self.entries)
        except PluginError as error:
            raise PluginError(f"{error} (on node {socket.gethostname()}, {ray.util.get_node_ip_address()})") from error
        edit_distance(Node("a"), Node("b"))  # is compiled at its first call, or read from disk in compiled form
        self._log_what_scorers_say()
        return {item.runner.spec.name: item.runner.sha256 for item in self.mix.scorers}

    def score(self, group: Group) -> ScoredGroup:
        """The group with its rewards, and with what the lines of its samples state."""
        with hosting(self.judge):
            scored = score_group(self.mix, group)
        if time.monotonic() >= self._next_log:
            self._log_what_scorers_say()
            self._next_log = time.monotonic() + _LOG_EVERY
        return scored

    def close(self) -> None:
        """End what the scorers have running."""
        self.mix.close()
        self._log_what_scorers_say()

    def _log_what_scorers_say(self) -> None:
        """Print what the scorers have printed and logged since the last time, each line after the name of its scorer."""
        for item in self.mix.scorers:
            for line in item.runner.said().splitlines():
                print(f"scorer {item.runner.spec.name}: {line}", flush=True)  # noqa: T201 - into this worker's log


class ScoringTimeout(UserError):
    """No group was scored within `rollout.timeout`."""


class RewardPool:
    """A pool of reward workers, which take turns. Scoring overlaps generation, and unscored groups do not pass through the
    driver: it hands on references to them."""

    def __init__(
        self, entries: Sequence[MixEntry], workers: int, judge: Judge | None = None, variables: Collection[str] = ()
    ) -> None:
        """Start the workers.

        Args:
            entries: the mix of each.
            workers: how many.
            judge: the one that the run hosts.
            variables: names of variables of this process that the scorers need, beside those that all actors are given.
        """
        self.workers: list[Any] = [
            start_actor(RewardWorker, f"reward worker {number}", entries, judge, variables=variables, num_cpus=0.1)
            for number in range(workers)
        ]
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
