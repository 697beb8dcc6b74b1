"""The families of checkpoints that are supported: an entry for each, with all in which it differs from the others.

A new family needs its entry here and its recipe for a small model in `rl/learner/tiny.py`; nothing else knows one by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rewards.errors import UserError, did_you_mean
from rollout.media.medium import Kind
from rollout.positions import VisionBlock

_LAYERS_OF_QWEN = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Grid:
    """How one clip or image is cut into patches: all that its place in a prompt depends on."""

    time: int
    height: int
    width: int
    """Patches, before spatial merging."""
    fps: float
    """Frames per second; 0 for an image."""

    @property
    def patches(self) -> tuple[int, int, int]:
        """Patches in time, height and width, as the vision tower takes them."""
        return self.time, self.height, self.width


@dataclass(frozen=True)
class Pixels:
    """One clip or image as the vision tower takes it."""

    values: np.ndarray
    """float32 (patches, channels x temporal patch x patch x patch)."""
    grid: Grid


Expansion = tuple[list[int], tuple[VisionBlock, ...]]
"""The token ids that take a placeholder's place, and how the vision tokens among them are laid out."""
Expand = Callable[[Kind, Grid], Expansion]
"""What a video or an image becomes in a prompt."""
Encode = Callable[[str], list[int]]
"""A tokenizer without special tokens: text -> token ids."""


@dataclass(frozen=True)
class Family:
    """What the checkpoints of one family have in common."""

    model_type: str
    """The name in a checkpoint's config, under `model_type`."""
    expansion: Callable[[Any, Encode, str], Expand]
    """(a checkpoint's config, its tokenizer, the engine's dtype) -> how media are written into prompts, as the engine does it."""
    patch: int
    """Height and width in pixels of what the vision tower takes as one patch."""
    deepstack: bool = False
    """Whether the vision tower also gives features to deeper layers of the language model."""
    linear_layers: tuple[str, ...] = _LAYERS_OF_QWEN
    """Names of the language model's linear layers, which may get adapters."""
    engine_overrides: Mapping[str, Any] = field(default_factory=dict)
    """Changes to a checkpoint's config without which vLLM does not load it (`hf_overrides`)."""
    engine_needs_metadata: bool = False
    """Whether vLLM hands the family's processor a video's frames alone, so that each request has to bring its metadata."""


class FamilyError(UserError):
    """A checkpoint of a family that is not supported; the message says which are."""


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

    def __call__(self, kind: Kind, grid: Grid) -> Expansion:
        seconds = rounded(self.temporal_patch / grid.fps, self.dtype) if grid.fps else 0.0
        block = VisionBlock(*grid.patches, seconds * self.tokens_per_second)
        return [self.ids[kind]] * block.tokens(self.merge), (block,)


class Qwen3Expansion:
    """Qwen3-VL: for each temporal patch its time in words, then its merged patches between vision marks."""

    def __init__(self, config: Any, encode: Encode) -> None:
        self.config = config
        self.encode = encode
        self.merge: int = config.vision_config.spatial_merge_size
        self.temporal_patch: int = config.vision_config.temporal_patch_size

    def __call__(self, kind: Kind, grid: Grid) -> Expansion:
        block = VisionBlock(1, grid.height, grid.width)
        if kind == "image":
            return [self.config.image_token_id] * block.tokens(self.merge), (block,)
        ids: list[int] = []
        for patch in range(grid.time):
            # the middle of the patch's first and last frame, with the same roundings as the engine's
            first, last = patch * self.temporal_patch, (patch + 1) * self.temporal_patch - 1
            seconds = (first / grid.fps + last / grid.fps) / 2
            ids += self.encode(f"<{seconds:.1f} seconds>")
            vision = [self.config.video_token_id] * block.tokens(self.merge)
            ids += [self.config.vision_start_token_id, *vision, self.config.vision_end_token_id]
        return ids, (block,) * grid.time


def rounded(value: float, dtype: str) -> float:
    """A number as float32 or bfloat16 holds it, ties to even."""
    bits = int(np.float32(value).view(np.uint32))
    if dtype == "bfloat16":
        bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return float(np.uint32(bits).view(np.float32))


_QWEN2_5_VL = Family(
    model_type="qwen2_5_vl",
    expansion=lambda config, encode, dtype: Qwen25Expansion(config, dtype),
    patch=14,
    engine_needs_metadata=True,  # vLLM 0.29
)
_QWEN3_VL = Family(
    model_type="qwen3_vl",
    expansion=lambda config, encode, dtype: Qwen3Expansion(config, encode),
    patch=16,
    deepstack=True,
    # on CPUs, vLLM 0.29 looks for the architecture of the text part, which these configs do not state
    engine_overrides={"text_config": {"architectures": ["Qwen3ForCausalLM"]}},
)

FAMILIES = {family.model_type: family for family in (_QWEN2_5_VL, _QWEN3_VL)}
"""All supported families, by model type."""


def family_problem(model_type: object) -> str | None:
    """Why a model type is not supported and what to use instead; None for one that is."""
    if isinstance(model_type, str) and model_type in FAMILIES:
        return None
    return f"model type {model_type!r} is not supported; use {' or '.join(FAMILIES)}{did_you_mean(model_type, FAMILIES)}"


def family_of(model_type: str) -> Family:
    """The family of checkpoints of a model type; raises `FamilyError` if there is none."""
    if problem := family_problem(model_type):
        raise FamilyError(problem)
    return FAMILIES[model_type]
