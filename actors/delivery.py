"""One version of the weights on its way from the learner ranks to engines: through host memory, or by broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from actors.dispatch import Seat
from actors.learners import Learners, WeightsChanged
from actors.shipment import Shipment
from rl.config import RolloutConfig


@dataclass(frozen=True)
class Underway:
    """Weights that are on their way."""

    engines: dict[Any, tuple[Seat, Any]]
    """References to the seconds that each engine generated nothing -> its seat, and the actor that it had."""
    ranks: dict[Any, int]
    """References to what learner ranks do meanwhile -> number of the rank."""


class Delivery(Protocol):
    """A way of giving engines the weights that the learner has now."""

    @property
    def bytes(self) -> int:
        """Of the weights, once it has started."""

    def prepare(self) -> None:
        """Have the learner do what it can do before it is known which engines live."""

    def start(self, seats: Sequence[Seat], version: int) -> Underway:
        """Have engines take the weights as `version`."""

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

    def prepare(self) -> None:
        self._shipment = self._shipment or self._write()

    def start(self, seats: Sequence[Seat], version: int) -> Underway:
        sent = zip(seats, [seat.actor for seat in seats], self.parcels(seats), strict=True)
        return Underway({actor.load.remote(*parcel, version): (seat, actor) for seat, actor, parcel in sent}, {})

    def parcels(self, seats: Sequence[Seat]) -> list[tuple[Shipment, Any]]:
        """For each engine, where its node has the weights, and a reference to them where it does not."""
        shipment = self._shipment
        assert shipment is not None, "not prepared"
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
        self._sent_base = False

    @property
    def bytes(self) -> int:
        return (self._sent[1] if self._sent else 0) + (self._base.bytes if self._sent_base else 0)

    def prepare(self) -> None:
        self._base.prepare()
        self._sent = self._sent or self._adapter()

    def start(self, seats: Sequence[Seat], version: int) -> Underway:
        assert self._sent is not None, "not prepared"
        engines = {}
        for seat, parcel in zip(seats, self._base.parcels(seats), strict=True):
            actor = seat.actor
            has_base = seat.base == (actor, self._base)
            seat.base = (actor, self._base)
            self._sent_base = self._sent_base or not has_base
            engines[actor.load.remote(*((None, None) if has_base else parcel), version, self._sent[0])] = (seat, actor)
        return Underway(engines, {})

    def again(self) -> Delivery | None:
        return self


class ByBroadcast:
    """Rank 0 of the learner sends to all engines at once, over NCCL where both have GPUs."""

    def __init__(self, learners: Learners, tensor_parallel: int, timeout: float) -> None:
        """
        Args:
            learners: whose weights they are.
            tensor_parallel: processes of each engine.
            timeout: seconds that it may take.
        """
        self._learners = learners
        self._processes, self._timeout = tensor_parallel, timeout
        write = partial(learners.weights, False, timeout, at=learners.changes)
        self._memory = ThroughMemory(write, learners.weight_copy)
        """For engines that come too late for a broadcast."""
        self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def prepare(self) -> None:
        """Nothing: the learner sends while engines receive."""

    def start(self, seats: Sequence[Seat], version: int) -> Underway:
        actors = [seat.actor for seat in seats]
        meeting = self._learners.meeting(actors, 1 + len(seats) * self._processes, self._timeout)
        self._bytes = meeting.bytes
        engines = {}
        for place, (seat, actor) in enumerate(zip(seats, actors, strict=True)):
            engines[actor.receive.remote(replace(meeting, first=1 + place * self._processes), version)] = (seat, actor)
        return Underway(engines, self._learners.broadcast(meeting))

    def again(self) -> Delivery | None:
        try:
            self._memory.prepare()
        except WeightsChanged:
            return None
        return self._memory


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
        if rollout.transfer == "broadcast":
            return ByBroadcast(learners, rollout.tensor_parallel, rollout.sync_timeout)
        memory = ThroughMemory(partial(learners.weights, rollout.checksum, rollout.sync_timeout), learners.weight_copy)
        if self._adapter_alone:
            if self._base is None or self._base[0] != learners.bases:
                self._base = learners.bases, memory
            return AdapterAlone(self._base[1], partial(learners.adapter, rollout.sync_timeout))
        return memory
