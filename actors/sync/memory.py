"""Weights through host memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.pool.dispatch import EngineSlot
from actors.sync.transfer import Transfer, Underway
from actors.weights.handles import WeightHandle


class MemoryTransfer:
    """The learner writes an image, which stays until the next one; engines read it, those of other nodes in a copy."""

    def __init__(self, write: Callable[[], WeightHandle], copy: Callable[[], Any]) -> None:
        """
        Args:
            write: has the learner write the weights where the engines of its node can read them.
            copy: makes a reference to them that other nodes can read.
        """
        self._write, self._copy = write, copy
        self._shipment: WeightHandle | None = None

    @property
    def bytes(self) -> int:
        return self._shipment.bytes if self._shipment else 0

    def prepare(self) -> None:
        self._shipment = self._shipment or self._write()

    def start(self, seats: Sequence[EngineSlot], version: int) -> Underway:
        sent = zip(seats, [seat.actor for seat in seats], self.parcels(seats), strict=True)
        return Underway({actor.load.remote(*parcel, version): (seat, actor) for seat, actor, parcel in sent}, {})

    def parcels(self, seats: Sequence[EngineSlot]) -> list[tuple[WeightHandle, Any]]:
        """For each engine, where its node has the weights, and a reference to them where it does not."""
        shipment = self._shipment
        assert shipment is not None, "not prepared"
        image = self._copy() if any(seat.node != shipment.node for seat in seats) else None
        return [(shipment, None if seat.node == shipment.node else image) for seat in seats]

    def again(self) -> Transfer | None:
        return self
