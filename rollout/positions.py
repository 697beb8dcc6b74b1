"""Three-dimensional rotary positions (M-RoPE) of a prompt, computed once for engine and learner.

They are the engine's: vLLM scales time by the seconds of a temporal patch as its dtype holds them, where transformers truncates
them to whole seconds first. Both agree where that number is whole, at 1 or 2 frames a second.
Source: Qwen2.5-VL technical report, section 2.1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class VisionBlock:
    """Successive vision tokens that are laid out as one box: an image, a video, or one temporal patch of a video."""

    time: int
    height: int
    width: int
    """The box's size in patches, before spatial merging."""
    interval: float = 0.0
    """How much the time position grows from one temporal patch to the next."""

    def tokens(self, merge: int) -> int:
        """Number of its vision tokens, each of which merges merge x merge patches."""
        return self.time * self.height * self.width // merge**2


def mrope_positions(is_vision: np.ndarray, blocks: Sequence[VisionBlock], merge: int) -> np.ndarray:
    """Positions of an expanded prompt.

    Args:
        is_vision: bool (n,), true at every expanded placeholder.
        blocks: the boxes of these placeholders, in order.
        merge: how many patches a vision token merges along each side.

    Returns:
        int64 array of shape (3, n): time, height, width.
    """
    runs: list[np.ndarray] = []
    start, cursor = 0, 0
    for block in blocks:
        text = int(np.argmax(is_vision[cursor:]))
        box = _box(block, merge)
        runs += [_line(start, text), box + start + text]
        start += text + int(box.max()) + 1
        cursor += text + box.shape[1]
    runs.append(_line(start, len(is_vision) - cursor))
    positions: np.ndarray = np.concatenate(runs, axis=1).astype(np.int64)
    return positions


def _line(start: int, length: int) -> np.ndarray:
    return np.broadcast_to(start + np.arange(length), (3, length))


def _box(block: VisionBlock, merge: int) -> np.ndarray:
    time = (np.arange(block.time) * block.interval).astype(np.int64)
    sides = np.arange(block.height // merge), np.arange(block.width // merge)
    return np.stack(np.meshgrid(time, *sides, indexing="ij")).reshape(3, -1)
