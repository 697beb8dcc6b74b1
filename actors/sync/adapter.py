"""Adapters alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.pool.dispatch import EngineSlot
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import Transfer, Underway


class AdapterTransfer:
    """The learner's adapters by themselves; engines that do not have the weights under them yet are sent these too."""

    def __init__(self, base: MemoryTransfer, adapter: Callable[[], tuple[Any, int]]) -> None:
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

    def start(self, seats: Sequence[EngineSlot], version: int) -> Underway:
        assert self._sent is not None, "not prepared"
        engines = {}
        for seat, parcel in zip(seats, self._base.parcels(seats), strict=True):
            actor = seat.actor
            has_base = seat.base == (actor, self._base)
            seat.base = (actor, self._base)
            self._sent_base = self._sent_base or not has_base
            engines[actor.load.remote(*((None, None) if has_base else parcel), version, self._sent[0])] = (seat, actor)
        return Underway(engines, {})

    def again(self) -> Transfer | None:
        return self
