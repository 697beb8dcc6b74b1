"""A round of a sync: engines take weights. Which did, which died of it, and which were kept from it by another's death."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.learners.ranks import LearnerLost
from actors.pool.dispatch import Dispatcher
from actors.pool.slot import Engine
from actors.sync.transfer import Transfer
from rewards.errors import UserError


class SyncTimeout(UserError):
    """Some engine did not take new weights within the bound."""


class SyncBound:
    """The moment when a sync has to be finished."""

    def __init__(self, version: int, seconds: float) -> None:
        """
        Args:
            version: version of the weights that engines are to take.
            seconds: time from now until the sync has to be finished.
        """
        self._version, self._seconds = version, seconds
        self._deadline = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self._deadline - time.monotonic())

    def passed(self, names: Sequence[str], before: Sequence[str] = ()) -> NoReturn:
        """Raise `SyncTimeout`.

        Args:
            names: who is waited for.
            before: what went wrong earlier in the sync, for the message.
        """
        happened = f"; before that: {'; '.join(before)}" if before else ""
        raise SyncTimeout(
            f"{', '.join(sorted(names))}: did not take the weights of version {self._version} from the learner within "
            f"{self._seconds:.0f} s (rollout.sync_timeout){happened}"
        )


@dataclass(frozen=True)
class Round:
    """How a round ended."""

    pauses: list[float]
    """For each engine that took the weights, the seconds in which it generated nothing."""
    behind: list[Engine]
    """Engines that live but did not take the weights, since another's death kept them from it."""


def report_the_dead(dispatcher: Dispatcher, bound: SyncBound) -> None:
    """Report engines that have died since they were last asked; a broadcast would wait for them."""
    calls = {engine.actor.busy_seconds.remote(): engine for engine in dispatcher.serving()}
    done, late = ray.wait(list(calls), num_returns=len(calls), timeout=bound.left()) if calls else ([], [])
    if late:
        bound.passed([calls[reference].name for reference in late])
    for reference in done:
        try:
            ray.get(reference)
        except RayActorError as death:
            dispatcher.report(calls[reference], death)


def run_round(dispatcher: Dispatcher, engines: Sequence[Engine], transfer: Transfer, version: int, bound: SyncBound) -> Round:
    """Have engines take weights. Those that have taken them serve; those that die of it are reported.

    Raises:
        SyncTimeout: naming who has not finished.
        LearnerLost: if a learner rank dies.
        RayTaskError: the first error of an engine or a learner rank, if nobody died.
    """
    underway = transfer.start(engines, version)
    names = {reference: engine.name for reference, engine in underway.engines.items()}
    names |= {reference: f"learner rank {number}" for reference, number in underway.ranks.items()}
    pauses: list[float] = []
    behind: list[Engine] = []
    died: list[str] = []
    failed: dict[str, RayTaskError] = {}
    waiting: list[Any] = list(names)
    while waiting:
        done, waiting = ray.wait(waiting, timeout=bound.left())
        if not done:
            before = [f"{name} died" for name in died] + [f"{name}: {error.cause}" for name, error in failed.items()]
            bound.passed([names[reference] for reference in waiting], before)
        (reference,) = done
        engine = underway.engines.get(reference)
        try:
            pause = ray.get(reference)
            if engine is not None:
                pauses.append(pause)
                dispatcher.serve(engine)
        except RayActorError as death:
            if engine is None:
                raise LearnerLost(f"{names[reference]} died while it sent the weights: {death}") from death
            died.append(engine.name)
            dispatcher.report(engine, death)
        except RayTaskError as error:
            failed[names[reference]] = error
            if engine is not None:
                behind.append(engine)
    if failed and not died:
        raise next(iter(failed.values()))
    return Round(pauses, behind)
