"""The actors of all learner ranks: placed side by side, asked in one order, waited for with a bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.exceptions import RayActorError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from actors.forwarding import start_actor
from actors.learners.actor import LearnerActor, free_port
from rewards.errors import UserError
from rl.learner.spec import LearnerSpec


class LearnerLost(UserError):
    """A learner rank died or hangs."""


class WeightsChanged(RuntimeError):
    """The learner has gone on from the weights that were asked for."""


class Ranks:
    """The ranks' actors. What they do together has to come in one order on all of them."""

    def __init__(self, count: int, cpus: float, gpus: float) -> None:
        """Ask for room; `place` takes it.

        Args:
            count: number of ranks.
            cpus: CPUs of each.
            gpus: GPUs of each.
        """
        bundle = {"CPU": cpus, **({"GPU": gpus} if gpus else {})}
        self.room = ray.util.placement_group([bundle] * count, strategy="PACK")
        self.count, self._cpus, self._gpus = count, cpus, gpus
        self.actors: list[Any] = []
        """Handles of the actors, rank 0 first; empty until they are placed."""
        self.changes = 0
        """How often the weights have been changed, or began to be: it numbers what they are now."""
        self._asking = threading.Lock()

    def place(self) -> None:
        """Start the processes where there is room; they import what they need."""
        room: dict[str, Any] = {"num_cpus": self._cpus, "num_gpus": self._gpus}
        self.actors = [
            start_actor(LearnerActor, rank, scheduling_strategy=self._bundle(rank), **room) for rank in range(self.count)
        ]

    def start(self, spec: LearnerSpec) -> list[Any]:
        """Load the model and join the ranks; returns references that are ready when they have."""
        address, port = ray.get(free_port.options(scheduling_strategy=self._bundle(0)).remote())
        return [actor.start.remote(spec, rank, self.count, address, port) for rank, actor in enumerate(self.actors)]

    def call(self, method: str, arguments: Sequence[tuple[Any, ...]], changes: bool = False) -> list[Any]:
        """Call a method of every rank's learner, each with arguments of its own; returns what each returned."""
        calls = self.ask(lambda number, actor: actor.call.remote(method, *arguments[number]), changes)
        answers: list[Any] = ray.get(calls)
        return answers

    def ask(self, ask: Callable[[int, Any], Any], changes: bool = False, at: int | None = None) -> list[Any]:
        """Ask every rank, before anybody else asks any; returns the references.

        Args:
            ask: asks one: (number, its actor) -> reference.
            changes: whether this changes the weights.
            at: ask only if `self.changes` is still this number; None for any.

        Raises:
            WeightsChanged: if it is another.
        """
        with self._asking:
            if at not in (None, self.changes):
                raise WeightsChanged(f"{at} changes were expected, there have been {self.changes}")
            self.changes += changes
            return [ask(number, actor) for number, actor in enumerate(self.actors)]

    def in_time(self, references: Sequence[Any], timeout: float, doing: str) -> list[Any]:
        """What the ranks answer.

        Args:
            references: one from each rank, rank 0 first.
            timeout: seconds within which all have to be ready.
            doing: what they do, such as `writing the weights`.

        Raises:
            LearnerLost: naming a rank that died, or those that did not answer in time.
        """
        waiting = {reference: number for number, reference in enumerate(references)}
        deadline = time.monotonic() + timeout
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=max(0.0, deadline - time.monotonic()))
            if not done:
                late = ", ".join(f"learner rank {number}" for number in sorted(waiting.values()))
                raise LearnerLost(f"{late}: {doing} was not finished within {timeout:.0f} s (rollout.sync_timeout)")
            number = waiting.pop(done[0])
            try:
                ray.get(done[0])
            except RayActorError as death:
                raise LearnerLost(f"learner rank {number} died while {doing}: {death}") from death
        answers: list[Any] = ray.get(list(references))
        return answers

    def shutdown(self) -> None:
        """End all ranks, whatever they are doing, and give their room back."""
        for actor in self.actors:
            ray.kill(actor)
        ray.util.remove_placement_group(self.room)

    def _bundle(self, rank: int) -> PlacementGroupSchedulingStrategy:
        return PlacementGroupSchedulingStrategy(self.room, placement_group_bundle_index=rank)
