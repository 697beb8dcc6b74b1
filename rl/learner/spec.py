"""What a learner rank is told at its start. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from rewards.plugins.spec import FunctionSpec
from rl.config.schema import GrpoConfig, LearnerConfig, ModelConfig
from rollout.media.medium import ClipSpec


@dataclass(frozen=True)
class LearnerSpec:
    """The sections of the config that a rank works by, and what was made of others for this run."""

    checkpoint: str
    """Folder or hub name of the model to begin with."""
    model: ModelConfig
    learner: LearnerConfig
    grpo: GrpoConfig
    loss: FunctionSpec
    """The policy loss, with its file's text if it comes from a file."""
    clip: ClipSpec
    clip_cache_bytes: int
    shared_clips: str
    """Name under which processes of a node share decoded media."""
    engine_dtype: str
    """The engines' precision: positions are rounded as theirs are."""
    seed: int
    """The run's; each rank derives its own."""
    determinism: bool = False
    """Compute the same in every run with the same rows."""
