"""Three-dimensional rotary positions (M-RoPE) of a prompt, computed once for engine and learner.

Follows the engine (vLLM), which scales time by the seconds per temporal patch as its dtype holds them; transformers
truncates them to whole seconds first. Both agree where that number is whole, at 1 or 2 fps.
Source: Qwen2.5-VL technical report, section 2.1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class VisionBlock:
    """A run of placeholders that is laid out as one box: an image, a video, or one temporal patch of it."""

    time: int
    height: int
    width: int
    """Patches, before spatial merging."""
    interval: float = 0.0
    """Positions from one temporal patch to the next."""

    def tokens(self, merge: int) -> int:
        return self.time * self.height * self.width // merge**2


def mrope_positions(is_vision: np.ndarray, blocks: Sequence[VisionBlock], merge: int) -> np.ndarray:
    """Positions of an expanded prompt.

    Args:
        is_vision: bool (n,), true at every expanded placeholder.
        blocks: in order; together as long as there are placeholders.
        merge: spatial merge size.

    Returns:
        int64 array of shape (3, n): time, height, width.
    """
    parts: list[np.ndarray] = []
    start, cursor = 0, 0
    for block in blocks:
        text = int(np.argmax(is_vision[cursor:]))
        box = _box(block, merge)
        parts += [_line(start, text), box + start + text]
        start += text + int(box.max()) + 1
        cursor += text + box.shape[1]
    parts.append(_line(start, len(is_vision) - cursor))
    return np.concatenate(parts, axis=1).astype(np.int64)


def _line(start: int, length: int) -> np.ndarray:
    return np.broadcast_to(start + np.arange(length), (3, length))


def _box(block: VisionBlock, merge: int) -> np.ndarray:
    time = (np.arange(block.time) * block.interval).astype(np.int64)
    sides = np.arange(block.height // merge), np.arange(block.width // merge)
    return np.stack(np.meshgrid(time, *sides, indexing="ij")).reshape(3, -1)
