"""What a learner rank is told at its start. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from rewards.plugins.spec import FunctionSpec
from rl.config.schema import GrpoConfig, LearnerConfig, ModelConfig
from rollout.media import ClipSpec


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
    rows: str
    """The file of training rows, for supervised stages."""
    row_format: FunctionSpec
    """How these rows are read, with the file's text if the format is a user's own."""
    media_root: str | None
    clip: ClipSpec
    clip_cache_bytes: int
    engine_dtype: str
    """The engines' precision: positions are rounded as theirs are."""
    seed: int
