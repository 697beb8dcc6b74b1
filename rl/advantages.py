"""Group-relative advantages (GRPO, arXiv 2402.03300, Eq. 3; VidEmo follows it)."""

from __future__ import annotations

import math
from collections.abc import Sequence

EPSILON = 1e-4
"""Added to the standard deviation, as in the framework that the paper's authors used (ms-swift 3.2)."""


def group_advantages(rewards: Sequence[float | None], normalise_std: bool = True) -> list[float | None]:
    """Advantages of one group's samples: reward minus the group's mean, over its standard deviation.

    Args:
        rewards: one for each sample; None for a sample that could not be scored. Those are dropped and the
            statistics are taken over the others.
        normalise_std: divide by the (unbiased) standard deviation + 1e-4; otherwise only centre
            (Dr. GRPO, arXiv 2503.20783).

    Returns:
        One advantage for each sample, None where it was dropped. A group with fewer than two scored samples
        has nothing to compare: all its samples are dropped.
    """
    scored = [reward for reward in rewards if reward is not None]
    if len(scored) < 2:
        return [None] * len(rewards)
    mean = sum(scored) / len(scored)
    scale = 1.0
    if normalise_std:
        scale = math.sqrt(sum((r - mean) ** 2 for r in scored) / (len(scored) - 1)) + EPSILON
    return [None if reward is None else (reward - mean) / scale for reward in rewards]
