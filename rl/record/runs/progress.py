"""How far a run has come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_EARLIER_END = re.compile(r"(?:grpo|reasoned)_(\d+)")
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

    def includes(self, phase: str, step: int) -> bool:
        """Whether a step is done."""
        return (PHASES.index(phase), step) <= (PHASES.index(self.phase), self.step)

    def includes_evaluation(self, stage: str) -> bool:
        """Whether an evaluation is done and stays: the first one does, that of the tuned model once tuning is done, that of an
        earlier end (`grpo_30`); what is measured after the last step is measured again whenever a run goes on."""
        if earlier := _EARLIER_END.fullmatch(stage):
            return self.includes("grpo", int(earlier[1]))
        return stage == "init" or (stage == "tuned" and self.phase == "grpo")
