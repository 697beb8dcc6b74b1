"""Weights through host memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.learners.group import LearnerGroup
from actors.pool.slot import Engine
from actors.sync.transfer import Underway
from actors.weights.handles import WeightHandle
from rl.config.schema import RolloutConfig


class MemoryTransfer:
    """The learner writes an image into shared memory, over the one before. Engines of its node read it where it lies, those of
    other nodes in a copy that Ray's object store carries."""

    def __init__(self, learners: LearnerGroup, rollout: RolloutConfig) -> None:
        self._learners = learners
        self._checksum, self._timeout = rollout.checksum, rollout.sync_timeout
        self._handle: WeightHandle | None = None

    @property
    def bytes(self) -> int:
        return self._handle.bytes if self._handle else 0

    def prepare(self) -> None:
        self.write()

    def write(self, at: int | None = None) -> None:
        """Have the learner write its weights.

        Args:
            at: write only if the learner's `changes` is still this number; None for any.

        Raises:
            WeightsChanged: if it is another number.
        """
        self._handle = self._learners.write_weights(self._checksum, self._timeout, at)

    def start(self, engines: Sequence[Engine], version: int) -> Underway:
        places = zip(engines, self.places(engines), strict=True)
        return Underway({engine.actor.load.remote(*place, version): engine for engine, place in places})

    def places(self, engines: Sequence[Engine]) -> list[tuple[WeightHandle, Any]]:
        """For each engine: where the image lies, and a reference to a copy of it if that is on another node, else None."""
        handle = self._handle
        assert handle is not None, "not prepared"
        copy = self._learners.weight_copy() if any(engine.node != handle.node for engine in engines) else None
        return [(handle, None if engine.node == handle.node else copy) for engine in engines]

    def again(self) -> MemoryTransfer:
        return self
