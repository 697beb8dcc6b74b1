"""What engines have to do, and which of them may be asked for more."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from actors.pool.slot import Engine, EngineSlot


@dataclass(frozen=True)
class Offer:
    """What an engine would be asked."""

    slot: EngineSlot
    """Its place."""
    samples: int
    """For how many."""
    rank: int = 0
    """How ill it suits the engine: among equally loaded ones the smallest comes first."""


@dataclass(frozen=True)
class Load:
    """What engines have to do."""

    slots: Sequence[EngineSlot]
    """The engines' places."""
    most: int
    """Samples that an engine is asked for at a time; a prompt that needs more is asked of an idle engine."""
    lock: threading.Lock
    """Held while a load is changed."""

    def take(self, offers: Sequence[Offer]) -> Engine | None:
        """The least loaded engine that may be asked for as many more as it is offered, which are noted; None if there is none."""
        with self.lock:
            free = [one for one in offers if one.slot.serving and (not one.slot.load or one.slot.load + one.samples <= self.most)]
            if not free:
                return None
            best = min(free, key=lambda one: (one.slot.load, one.rank))
            best.slot.load += best.samples
            return best.slot.engine

    def take_idle(self, slot: EngineSlot, samples: int) -> Engine | None:
        """The engine of a slot, for so many samples, if it serves and has nothing to do."""
        with self.lock:
            if not slot.serving or slot.load:
                return None
            slot.load += samples
            return slot.engine

    def give_back(self, slot: EngineSlot, samples: int) -> None:
        """So many samples are drawn, or will not be."""
        with self.lock:
            slot.load -= samples
