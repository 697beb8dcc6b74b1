"""One version of the weights on its way from the learner ranks to engines: through host memory, or by broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from actors.dispatch import Seat
from actors.learners import Learners
from actors.shipment import Shipment


class Delivery(Protocol):
    """A way of giving engines the weights that the learner has now."""

    @property
    def bytes(self) -> int:
        """Of the weights, once it has started."""

    def start(self, seats: Sequence[Seat], version: int) -> tuple[dict[Any, Seat], dict[Any, int]]:
        """Have engines take the weights as `version`.

        Returns:
            (references to the seconds that each engine generated nothing, references to what learner ranks do meanwhile,
            by rank).
        """

    def again(self) -> Delivery | None:
        """A way of giving successors the same weights later; None once the learner has changed them."""


class ThroughMemory:
    """The learner writes an image, which stays until the next one; engines read it, those of other nodes in a copy."""

    def __init__(self, write: Callable[[], Shipment], copy: Callable[[], Any]) -> None:
        """
        Args:
            write: has the learner write the weights where the engines of its node can read them.
            copy: makes a reference to them that other nodes can read.
        """
        self._write, self._copy = write, copy
        self._shipment: Shipment | None = None

    @property
    def bytes(self) -> int:
        return self._shipment.bytes if self._shipment else 0

    def write(self) -> Shipment:
        """Have the learner write the weights, once."""
        self._shipment = self._shipment or self._write()
        return self._shipment

    def start(self, seats: Sequence[Seat], version: int) -> tuple[dict[Any, Seat], dict[Any, int]]:
        shipment = self.write()
        image = self._copy() if any(seat.node != shipment.node for seat in seats) else None
        calls = {seat.actor.load.remote(shipment, None if seat.node == shipment.node else image, version): seat for seat in seats}
        return calls, {}

    def again(self) -> Delivery | None:
        return self


class ByBroadcast:
    """Rank 0 of the learner sends to all engines at once, over NCCL where both have GPUs."""

    def __init__(self, learners: Learners, memory: ThroughMemory, tensor_parallel: int, timeout: float) -> None:
        """
        Args:
            learners: whose weights they are.
            memory: how engines get them that come too late for a broadcast.
            tensor_parallel: processes of each engine.
            timeout: seconds that it may take.
        """
        self._learners, self._memory = learners, memory
        self._processes, self._timeout = tensor_parallel, timeout
        self._changes = learners.changes
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def start(self, seats: Sequence[Seat], version: int) -> tuple[dict[Any, Seat], dict[Any, int]]:
        size = 1 + len(seats) * self._processes
        meeting = self._learners.meeting([seat.actor for seat in seats], size, self._timeout)
        self._bytes = meeting.bytes
        engines = {
            seat.actor.receive.remote(replace(meeting, first=1 + place * self._processes), version): seat
            for place, seat in enumerate(seats)
        }
        return engines, self._learners.broadcast(meeting)

    def again(self) -> Delivery | None:
        if self._memory.bytes:
            return self._memory
        if self._learners.changes != self._changes:
            return None
        self._memory.write()
        return self._memory if self._learners.changes == self._changes else None  # an update may have come before
