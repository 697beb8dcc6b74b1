"""How a rank makes prompts, before it has a model and afterwards."""

from __future__ import annotations

from transformers import AutoConfig, AutoProcessor

from rl.learner.spec import LearnerSpec
from rollout.media.store import MediaStore
from rollout.prompts import PromptEncoder


def prompt_encoder(spec: LearnerSpec) -> PromptEncoder:
    """The prompts of the checkpoint that a rank begins with."""
    trust = spec.model.trust_remote_code
    processor = AutoProcessor.from_pretrained(spec.checkpoint, trust_remote_code=trust)
    config = AutoConfig.from_pretrained(spec.checkpoint, trust_remote_code=trust)
    return PromptEncoder(processor, config, MediaStore(spec.clip, spec.clip_cache_bytes, spec.shared_clips), spec.engine_dtype)
