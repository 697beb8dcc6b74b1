"""How far a run has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = ("tune", "grpo")
"""The phases of a run, in order, in the words that stored runs have."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: what a checkpoint is a checkpoint of."""

    phase: str = "tune"
    """`tune` until curriculum tuning is done, then `grpo`."""
    step: int = 0
    """Optimizer steps of tuning, or GRPO steps, that are done."""
    version: int = 0
    """The weights' version."""
    best: float | None = None
    """The best value on the val split so far."""
    best_step: int = 0
    """The GRPO step that gave it."""
    estimator: Mapping[str, Any] = field(default_factory=dict)
    """What the advantage estimator remembers of the steps before."""
