"""What a GRPO update optimises, in settings and sizes. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Objective(Protocol):
    """The constants of the objective (VidEmo, section 3.2): epsilon is the clip range, beta the KL weight.

    `rl.config.schema.GrpoConfig` has them, with their meanings and defaults.
    """

    clip_low: float
    clip_high: float
    dual_clip: float | None
    token_level_loss: bool
    kl: float
    correction_low: float
    correction_high: float

    @property
    def kl_estimator(self) -> str: ...

    @property
    def kl_in(self) -> str: ...

    @property
    def correction(self) -> str: ...


POLICY_LOSSES = ("ppo", "gspo", "cispo")
"""Names of the losses in `rl/algo/policy_losses.py`, for checking a config without torch."""


@dataclass(frozen=True)
class Totals:
    """Sizes of a whole optimizer step over all ranks and micro-batches, so that the loss does not depend on how it was split."""

    sequences: int
    tokens: int
    ranks: int
