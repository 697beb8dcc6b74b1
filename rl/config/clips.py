"""How media become frames, as a config says it."""

from __future__ import annotations

from rl.config.sections.data import DataConfig
from rollout.media.medium import ClipSpec


def clip_spec(data: DataConfig) -> ClipSpec:
    """How engines, learners and checks decode media."""
    return ClipSpec(fps=data.fps, min_frames=data.min_frames, max_frames=data.max_frames, max_pixels=data.max_pixels)
