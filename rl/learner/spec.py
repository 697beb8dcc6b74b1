"""What the driver and the learner ranks say to each other. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from rl.algo.objective import GrpoSpec
from rollout.media import ClipSpec


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
