"""What the driver and the learner ranks say to each other. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rollout.media import ClipSpec
from rollout.prompts import EncodedPrompt


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
class LoraSpec:
    """Low-rank adapters of the language model: y = W x + alpha / rank B A x."""

    rank: int
    alpha: float
    modules: tuple[str, ...]
    """Names of the linear layers that get one."""
    alone: bool = False
    """Engines are sent the adapters, not weights that they are merged into."""


@dataclass(frozen=True)
class DeepSpeedSpec:
    """The settings that reach DeepSpeed."""

    zero_stage: int
    offload: tuple[str, ...]
    """Of `optimizer` and `parameters`: what is kept in host memory."""
    bf16: bool
    gradient_clip: float
    weight_decay: float
    beta2: float


@dataclass(frozen=True)
class LearnerSpec:
    """What a rank needs to start."""

    model: str
    dtype: str
    engine_dtype: str
    """Positions are rounded as the engine's are."""
    rows: str
    """The file of training rows, for supervised stages."""
    media_root: str | None
    clip: ClipSpec
    clip_cache_bytes: int
    token_budget: int
    temperature: float
    grpo: GrpoSpec
    deepspeed: DeepSpeedSpec
    threads: int
    seed: int
    share_prefixes: bool = True
    """Compute what the samples of a prompt share once."""
    freeze: tuple[str, ...] = ()
    """`vision` (the tower), `projector` (its way into the language model), or both."""
    lora: LoraSpec | None = None
    gradient_checkpointing: bool = False
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Totals:
    """Sizes of a whole optimizer step over all ranks and micro-batches, so that the loss does not depend on
    how it was split."""

    sequences: int
    tokens: int
    ranks: int


@dataclass(frozen=True)
class PartAdvantages:
    """Advantages of parts of a sample, where they are credited apart; all other tokens get the sample's."""

    lines: Mapping[int, float] = field(default_factory=dict)
    """Line of the completion, from 0 -> advantage of the tokens that write it."""
    sections: tuple[tuple[int, float], ...] = ()
    """Successive runs of tokens: (where it ends, advantage)."""


@dataclass(frozen=True)
class LearnItem:
    """One scored sample, ready to learn from."""

    prompt: EncodedPrompt
    ids: np.ndarray
    """int64 (k,)."""
    rollout_log_probs: np.ndarray
    """float32 (k,): what the engine recorded."""
    advantage: float
    parts: PartAdvantages = field(default_factory=PartAdvantages)
