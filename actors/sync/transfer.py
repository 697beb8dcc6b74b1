"""A transfer: one way for the learner's weights to reach the engines. `rollout.transfer` names a shipped one or a file with
another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.learners.group import LearnerGroup
from actors.pool.slot import Engine
from rl.config.schema import RolloutConfig


@dataclass(frozen=True)
class Underway:
    """Weights that engines are taking at this moment."""

    engines: dict[Any, Engine]
    """Reference to what an engine's `load` or `receive` returns -> the engine."""
    ranks: dict[Any, int] = field(default_factory=dict)
    """Reference to what a learner rank does meanwhile -> number of the rank; empty if the ranks have nothing to do."""


class Transfer(Protocol):
    """One way for the learner's weights to reach the engines. One object serves a whole run."""

    def prepare(self) -> None:
        """Take hold of the weights that the learner has now. Called once at the beginning of a sync, before engines are asked."""

    def start(self, engines: Sequence[Engine], version: int) -> Underway:
        """Have engines take these weights and become `version`. Called again in the same sync if some are left."""

    def again(self) -> Transfer | None:
        """A transfer whose `start` gives successors of dead engines these weights after the sync, while the learner goes on;
        None if they are no longer to be had, and successors have to wait for the next sync."""

    @property
    def bytes(self) -> int:
        """Bytes of what the last sync sent."""


class MakesTransfer(Protocol):
    """What a transfer is made by: its class, or a function."""

    def __call__(self, learners: LearnerGroup, rollout: RolloutConfig) -> Transfer:
        """
        Args:
            learners: the ranks whose weights are sent.
            rollout: the config's section; says how long a sync may take, and the like.
        """
