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
    fps: float
    """Frames per second; 0 for an image."""


Expansion = tuple[list[int], tuple[VisionBlock, ...]]
"""What stands in a placeholder's place, and how its vision tokens are laid out."""


class Qwen25Expansion:
    """Qwen2.5-VL: one placeholder for each merged patch, in one block whose time axis is in seconds.

    vLLM keeps the seconds of a temporal patch in the model's dtype, so they are rounded to it here as well: in bfloat16 every
    fifth clip's positions would differ otherwise.
    """

    def __init__(self, config: Any, dtype: str) -> None:
        self.dtype = dtype
        self.ids = {"video": config.video_token_id, "image": config.image_token_id}
        self.merge: int = config.vision_config.spatial_merge_size
        self.temporal_patch: int = config.vision_config.temporal_patch_size
        self.tokens_per_second: float = config.vision_config.tokens_per_second

    def __call__(self, medium: Medium, pixels: Pixels) -> Expansion:
        seconds = rounded(self.temporal_patch / pixels.fps, self.dtype) if pixels.fps else 0.0
        block = VisionBlock(*pixels.grid, seconds * self.tokens_per_second)
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
            # the middle of the patch's first and last frame, with the same roundings as the engine's
            first, last = patch * self.temporal_patch, (patch + 1) * self.temporal_patch - 1
            seconds = (first / pixels.fps + last / pixels.fps) / 2
            ids += self.encode(f"<{seconds:.1f} seconds>")
            vision = [self.config.video_token_id] * block.tokens(self.merge)
            ids += [self.config.vision_start_token_id, *vision, self.config.vision_end_token_id]
        return ids, (block,) * time


FAMILIES = ("qwen2_5_vl", "qwen3_vl")
"""Model types of Hugging Face configs that are supported."""


def rounded(value: float, dtype: str) -> float:
    """A number as float32 or bfloat16 holds it, ties to even."""
    bits = int(np.float32(value).view(np.uint32))
    if dtype == "bfloat16":
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return float(np.uint32(bits).view(np.float32))


def expansion_of(config: Any, encode: Callable[[str], list[int]], dtype: str) -> Qwen25Expansion | Qwen3Expansion:
    """The expansion of a checkpoint's family.

    Args:
        config: a checkpoint's config.
        encode: its tokenizer, without special tokens.
        dtype: that the engine runs in, float32 or bfloat16.

    Raises:
        ValueError: for another family.
    """
    if config.model_type == "qwen2_5_vl":
        return Qwen25Expansion(config, dtype)
    if config.model_type == "qwen3_vl":
        return Qwen3Expansion(config, encode)
    raise ValueError(f"model type {config.model_type!r} is not supported; use one of {', '.join(FAMILIES)}")
