"""Weights by broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from actors.learners import LearnerGroup, WeightsChanged
from actors.pool.dispatch import EngineSlot
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import Transfer, Underway


class BroadcastTransfer:
    """Rank 0 of the learner sends to all engines at once, over NCCL where both have GPUs."""

    def __init__(self, learners: LearnerGroup, tensor_parallel: int, timeout: float) -> None:
        """
        Args:
            learners: whose weights they are.
            tensor_parallel: processes of each engine.
            timeout: seconds that it may take.
        """
        self._learners = learners
        self._processes, self._timeout = tensor_parallel, timeout
        write = partial(learners.weights, False, timeout, at=learners.changes)
        self._memory = MemoryTransfer(write, learners.weight_copy)
        """For engines that come too late for a broadcast."""
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def prepare(self) -> None:
        """Nothing: the learner sends while engines receive."""

    def start(self, seats: Sequence[EngineSlot], version: int) -> Underway:
        actors = [seat.actor for seat in seats]
        meeting = self._learners.meeting(actors, 1 + len(seats) * self._processes, self._timeout)
        self._bytes = meeting.bytes
        engines = {}
        for place, (seat, actor) in enumerate(zip(seats, actors, strict=True)):
            engines[actor.receive.remote(replace(meeting, first=1 + place * self._processes), version)] = (seat, actor)
        return Underway(engines, self._learners.broadcast(meeting))

    def again(self) -> Transfer | None:
        try:
            self._memory.prepare()
        except WeightsChanged:
            return None
        return self._memory
