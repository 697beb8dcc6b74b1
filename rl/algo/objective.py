"""What a GRPO update optimises, in settings and sizes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GrpoSpec:
    """Constants of the objective (VidEmo, section 3.2): epsilon is the clip range, beta the KL weight."""

    clip_low: float
    clip_high: float
    kl: float
    kl_estimator: str
    token_level: bool
    loss: str = "ppo"
    """`ppo`, `gspo` or `cispo`."""
    dual_clip: float | None = None
    kl_in: str = "loss"
    """`loss` or `reward`."""
    correction: str = "off"
    """`off`, `truncate`, `mask_token` or `mask_sequence`."""
    correction_low: float = 0.5
    correction_high: float = 2.0
    epochs: int = 1


@dataclass(frozen=True)
class Totals:
    """Sizes of a whole optimizer step over all ranks and micro-batches, so that the loss does not depend on
    how it was split."""

    sequences: int
    tokens: int
    ranks: int
