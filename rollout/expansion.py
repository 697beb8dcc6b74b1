"""How a family of checkpoints writes a video or an image into a prompt, token by token, as the engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout.media import Medium
from rollout.positions import VisionBlock


@dataclass(frozen=True)
class Pixels:
    """One clip or image as the vision tower takes it."""

    values: np.ndarray
    """float32 (patches, channels x temporal patch x patch x patch)."""
    grid: tuple[int, int, int]
    """Patches in time, height and width, before spatial merging."""
    seconds_per_grid: float
    """That one temporal patch covers; 0 for an image."""
    frame_seconds: float = 0.0
    """From one frame to the next; 0 for an image."""


Expansion = tuple[list[int], tuple[VisionBlock, ...]]
"""What stands in a placeholder's place, and how its vision tokens are laid out."""


class Qwen25Expansion:
    """Qwen2.5-VL: one placeholder for each merged patch, in one block whose time axis is in seconds."""

    def __init__(self, config: Any) -> None:
        self.ids = {"video": config.video_token_id, "image": config.image_token_id}
        self.merge: int = config.vision_config.spatial_merge_size
        self.tokens_per_second: float = config.vision_config.tokens_per_second

    def __call__(self, medium: Medium, pixels: Pixels) -> Expansion:
        block = VisionBlock(*pixels.grid, pixels.seconds_per_grid * self.tokens_per_second)
        return [self.ids[medium.kind]] * block.tokens(self.merge), (block,)


class Qwen3Expansion:
    """Qwen3-VL: for each temporal patch its time in words, then its merged patches between vision marks."""

    def __init__(self, config: Any, encode: Callable[[str], list[int]]) -> None:
        self.config = config
        self.encode = encode
        self.merge: int = config.vision_config.spatial_merge_size
        self.temporal_patch: int = config.vision_config.temporal_patch_size

    def __call__(self, medium: Medium, pixels: Pixels) -> Expansion:
        time, height, width = pixels.grid
        block = VisionBlock(1, height, width)
        if medium.kind == "image":
            return [self.config.image_token_id] * block.tokens(self.merge), (block,)
        ids: list[int] = []
        for patch in range(time):
            # the middle of the patch's first and last frame
            seconds = (patch + 0.5) * pixels.seconds_per_grid - pixels.frame_seconds / 2
            ids += self.encode(f"<{seconds:.1f} seconds>")
            vision = [self.config.video_token_id] * block.tokens(self.merge)
            ids += [self.config.vision_start_token_id, *vision, self.config.vision_end_token_id]
        return ids, (block,) * time


FAMILIES = ("qwen2_5_vl", "qwen3_vl")
"""Model types of Hugging Face configs that are supported."""


def expansion_of(config: Any, encode: Callable[[str], list[int]]) -> Qwen25Expansion | Qwen3Expansion:
    """The expansion of a checkpoint's family.

    Args:
        config: a checkpoint's config.
        encode: its tokenizer, without special tokens.

    Raises:
        ValueError: for another family.
    """
    if config.model_type == "qwen2_5_vl":
        return Qwen25Expansion(config)
    if config.model_type == "qwen3_vl":
        return Qwen3Expansion(config, encode)
    raise ValueError(f"model type {config.model_type!r} is not supported; use one of {', '.join(FAMILIES)}")
