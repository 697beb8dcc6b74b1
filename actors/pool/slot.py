"""An engine's place in the pool."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass
class EngineSlot:
    """A place in the pool. It keeps its name when its engine dies and a successor takes the place."""

    name: str
    actor: Any
    """Handle of the engine's Ray actor, or of its successor's."""
    node: str = ""
    """Ray's id of the node that the engine runs on; empty until it has started."""
    serving: bool = True
    """Whether it may be asked."""
    load: int = 0
    """Samples that the engine was asked for and has not finished."""
    deaths: int = 0
    """Engines that have died here."""
    media: deque[Any] = field(default_factory=lambda: deque(maxlen=64))
    """Media of the prompts that were asked about last: the engine may still hold their vision features and prefixes."""

    @property
    def engine(self) -> Engine:
        """The engine that holds the slot now."""
        return Engine(self, self.actor, self.node)


@dataclass(frozen=True)
class Engine:
    """The engine that held a slot when it was asked. By the time of its answer a successor may hold the slot."""

    slot: EngineSlot
    actor: Any
    """Handle of its Ray actor."""
    node: str
    """Ray's id of the node that it runs on."""

    @property
    def name(self) -> str:
        """Name of its slot."""
        return self.slot.name
