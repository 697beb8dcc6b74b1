"""Weights by broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actors.learners.group import LearnerGroup
from actors.learners.ranks import WeightsChanged
from actors.pool.slot import Engine
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import Underway
from rl.config.schema import RolloutConfig


class BroadcastTransfer:
    """Learner rank 0 sends to all engines at once, over NCCL where both have GPUs. Nothing is kept for engines that come later:
    these get the weights through host memory."""

    def __init__(self, learners: LearnerGroup, rollout: RolloutConfig) -> None:
        self._learners = learners
        self._processes, self._timeout = rollout.tensor_parallel, rollout.sync_timeout
        self._memory = MemoryTransfer(learners, rollout)
        self._changes: int | None = None
        """Number (`LearnerGroup.changes`) of the weights that were broadcast; None once they are in memory too."""
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def prepare(self) -> None:
        self._changes = self._learners.changes  # the learner sends while engines receive

    def start(self, engines: Sequence[Engine], version: int) -> Underway:
        size = 1 + len(engines) * self._processes
        handle = self._learners.rendezvous([engine.actor for engine in engines], size, self._timeout)
        self._bytes = handle.bytes
        receiving = {
            engine.actor.receive.remote(replace(handle, first=first), version): engine
            for engine, first in zip(engines, range(1, size, self._processes), strict=True)
        }
        return Underway(receiving, self._learners.broadcast(handle))

    def again(self) -> MemoryTransfer | None:
        if self._changes is not None:
            try:
                self._memory.write(at=self._changes)
            except WeightsChanged:
                return None
            self._changes = None
        return self._memory
