"""One version of the weights on its way from the learner ranks to engines: through host memory, or by broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from actors.pool.dispatch import EngineSlot


@dataclass(frozen=True)
class Underway:
    """Weights that are on their way."""

    engines: dict[Any, tuple[EngineSlot, Any]]
    """References to the seconds that each engine generated nothing -> its seat, and the actor that it had."""
    ranks: dict[Any, int]
    """References to what learner ranks do meanwhile -> number of the rank."""


class Transfer(Protocol):
    """A way of giving engines the weights that the learner has now."""

    @property
    def bytes(self) -> int:
        """Of the weights, once it has started."""

    def prepare(self) -> None:
        """Have the learner do what it can do before it is known which engines live."""

    def start(self, seats: Sequence[EngineSlot], version: int) -> Underway:
        """Have engines take the weights as `version`."""

    def again(self) -> Transfer | None:
        """A way of giving successors the same weights later; None once the learner has changed them."""
