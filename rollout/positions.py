"""Three-dimensional rotary positions (M-RoPE) of a prompt, computed once for engine and learner.

Follows the engine (vLLM), which scales time by the exact seconds per temporal patch; transformers
truncates them to whole seconds first. Both agree where that number is whole, at 1 or 2 fps.
Source: Qwen2.5-VL technical report, section 2.1.2.
"""

from __future__ import annotations

import numpy as np


def mrope_positions(
    ids: np.ndarray,
    video_token: int,
    grids: np.ndarray,
    seconds_per_grid: tuple[float, ...],
    tokens_per_second: float,
    merge: int,
) -> np.ndarray:
    """Positions of an expanded prompt.

    Args:
        ids: token ids with every video placeholder expanded, shape (n,).
        video_token: id of the video placeholder.
        grids: (videos, 3) patches in time, height and width, before spatial merging.
        seconds_per_grid: seconds that one temporal patch covers, for each video.
        tokens_per_second: positions per second (the vision config's value).
        merge: spatial merge size.

    Returns:
        int64 array of shape (3, n): time, height, width.
    """
    parts: list[np.ndarray] = []
    start, cursor, video = 0, 0, 0
    is_video = ids == video_token
    while cursor < len(ids):
        if not is_video[cursor]:
            end = cursor + int(np.argmax(is_video[cursor:])) if is_video[cursor:].any() else len(ids)
            parts.append(np.broadcast_to(start + np.arange(end - cursor), (3, end - cursor)))
            start += end - cursor
            cursor = end
            continue
        t, h, w = (int(n) for n in grids[video])
        h, w = h // merge, w // merge
        time = (np.arange(t) * (seconds_per_grid[video] * tokens_per_second)).astype(np.int64)
        block = np.stack(np.meshgrid(time, np.arange(h), np.arange(w), indexing="ij")).reshape(3, -1)
        parts.append(block + start)
        start += int(block.max()) + 1
        cursor += block.shape[1]
        video += 1
    return np.concatenate(parts, axis=1).astype(np.int64)
