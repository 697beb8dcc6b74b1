"""Having engines take weights: who did, who died of it, and who was kept from it by another's death."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NoReturn

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.learners import LearnerLost
from actors.pool.dispatch import Dispatcher, EngineSlot
from actors.sync.transfer import Transfer
from rewards.errors import UserError


class SyncTimeout(UserError):
    """Some engine did not take new weights within the bound."""


class SyncBound:
    """When a sync has to be finished."""

    def __init__(self, version: int, seconds: float) -> None:
        self._version, self._seconds = version, seconds
        self._deadline = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, 0 or more."""
        return max(0.0, self._deadline - time.monotonic())

    def passed(self, names: Sequence[str], before: Sequence[str] = ()) -> NoReturn:
        """Raise `SyncTimeout`.

        Args:
            names: who is waited for.
            before: what went wrong until then.
        """
        happened = f"; before that: {'; '.join(before)}" if before else ""
        raise SyncTimeout(
            f"{', '.join(sorted(names))}: did not take the weights of version {self._version} from the learner within "
            f"{self._seconds:.0f} s (rollout.sync_timeout){happened}"
        )


def find_the_dead(dispatcher: Dispatcher, bound: SyncBound) -> None:
    """Take out engines that have died since they were last asked; a broadcast would wait for them."""
    calls = {seat.actor.busy_seconds.remote(): (seat, seat.actor) for seat in dispatcher.seats if seat.serving}
    done, late = ray.wait(list(calls), num_returns=len(calls), timeout=bound.left()) if calls else ([], [])
    if late:
        bound.passed([calls[ref][0].name for ref in late])
    for ref in done:
        try:
            ray.get(ref)
        except RayActorError as death:
            dispatcher.report(*calls[ref], death)


def give(
    dispatcher: Dispatcher, seats: Sequence[EngineSlot], delivery: Transfer, version: int, bound: SyncBound
) -> tuple[list[float], list[EngineSlot]]:
    """Have engines take weights; those that have, serve.

    Returns:
        (seconds that each generated nothing which has taken them, engines that another's death kept from it).

    Raises:
        SyncTimeout: naming who has not finished.
        LearnerLost: if a learner rank dies.
        RayTaskError: what went wrong on an engine or a learner rank, if nobody died.
    """
    underway = delivery.start(seats, version)
    names = {ref: seat.name for ref, (seat, _) in underway.engines.items()}
    names |= {ref: f"learner rank {number}" for ref, number in underway.ranks.items()}
    pauses: list[float] = []
    died: list[str] = []
    failed: dict[str, RayTaskError] = {}
    behind: list[EngineSlot] = []
    waiting = list(names)
    while waiting:
        done, waiting = ray.wait(waiting, timeout=bound.left())
        if not done:
            before = [f"{name} died" for name in died] + [f"{name}: {error.cause}" for name, error in failed.items()]
            bound.passed([names[ref] for ref in waiting], before)
        (ref,) = done
        seat, actor = underway.engines.get(ref, (None, None))
        try:
            pause = ray.get(ref)
            if seat is not None:
                pauses.append(pause)
                dispatcher.serve(seat, actor)
        except RayActorError as death:
            if seat is None:
                raise LearnerLost(f"{names[ref]} died while it sent the weights: {death}") from death
            died.append(seat.name)
            dispatcher.report(seat, actor, death)
        except RayTaskError as error:
            failed[names[ref]] = error
            if seat is not None:
                seat.base = None
                behind.append(seat)
    if failed and not died:
        raise next(iter(failed.values()))
    return pauses, behind
