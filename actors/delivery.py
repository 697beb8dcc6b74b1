"""One version of the weights on its way from the learner ranks to engines: through host memory, or by broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from actors.dispatch import Seat
from actors.learners import Learners
from actors.shipment import Shipment
from rl.config import RolloutConfig


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
        return {
            seat.actor.load.remote(*parcel, version): seat for seat, parcel in zip(seats, self.parcels(seats), strict=True)
        }, {}

    def parcels(self, seats: Sequence[Seat]) -> list[tuple[Shipment, Any]]:
        """For each engine, where its node has the weights, and a reference to them where it does not."""
        shipment = self.write()
        image = self._copy() if any(seat.node != shipment.node for seat in seats) else None
        return [(shipment, None if seat.node == shipment.node else image) for seat in seats]

    def again(self) -> Delivery | None:
        return self


class AdapterAlone:
    """The learner's adapters by themselves; engines that do not have the weights under them yet are sent these too."""

    def __init__(self, base: ThroughMemory, adapter: Callable[[], tuple[Any, int]]) -> None:
        """
        Args:
            base: how an engine gets the weights under the adapters, which stay.
            adapter: has the learner make (a reference to the adapters, their bytes).
        """
        self._base, self._adapter = base, adapter
        self._sent: tuple[Any, int] | None = None

    @property
    def bytes(self) -> int:
        return self._sent[1] if self._sent else 0

    def start(self, seats: Sequence[Seat], version: int) -> tuple[dict[Any, Seat], dict[Any, int]]:
        self._sent = self._sent or self._adapter()
        behind = [seat for seat in seats if seat.base is not self._base]
        parcels = dict(zip([seat.name for seat in behind], self._base.parcels(behind) if behind else [], strict=True))
        calls = {}
        for seat in seats:
            calls[seat.actor.load.remote(*parcels.get(seat.name, (None, None)), version, self._sent[0])] = seat
            seat.base = self._base
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


class Deliveries:
    """Chooses the way that a run's weights take."""

    def __init__(self, learners: Learners, rollout: RolloutConfig, adapter_alone: bool) -> None:
        """
        Args:
            learners: whose weights they are.
            rollout: says which way, with checksums or not, and how long it may take.
            adapter_alone: engines are sent the adapters, not weights that they are merged into.
        """
        self._learners, self._rollout, self._adapter_alone = learners, rollout, adapter_alone
        self._base: tuple[int, ThroughMemory] | None = None

    def next(self) -> Delivery:
        """Of the weights that the learner has now."""
        learners, rollout = self._learners, self._rollout
        memory = ThroughMemory(partial(learners.weights, rollout.checksum, rollout.sync_timeout), learners.weight_copy)
        if self._adapter_alone:
            if self._base is None or self._base[0] != learners.bases:
                self._base = learners.bases, memory
            return AdapterAlone(self._base[1], partial(learners.adapter, rollout.sync_timeout))
        if rollout.transfer == "broadcast":
            return ByBroadcast(learners, memory, rollout.tensor_parallel, rollout.sync_timeout)
        return memory
