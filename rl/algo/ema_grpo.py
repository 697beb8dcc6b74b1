"""EMA-GRPO: rewards are scaled by their task's deviation, kept as a moving average (OneThinker, arXiv 2512.03043).

One batch mixes questions, captions and trees, whose rewards spread differently. Divided by the deviation of its own group, a
group whose samples are nearly equal pulls as hard as one whose samples differ much; not divided at all, a task with a wide
reward drowns the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rl.algo.advantages import Advantages, StepRewards, by_group, centred

_EPSILON = 1e-6


def ema_grpo(
    rewards: StepRewards, *, memory: dict[str, Any], decay: float = 0.99, least: float = 1e-3, most: float = 5.0
) -> Advantages:
    """(r - mean of the group) / std of the task. The constants' defaults are those of the paper's own code.

    Args:
        rewards: the step's.
        memory: task -> first and second moment of its rewards, [m1, m2]; updated before it is used, and saved with checkpoints.
        decay: weight of the earlier moments in the moving average, 0 to 1.
        least: the smallest deviation to divide by.
        most: a group with a larger advantage than this, either way, is divided by its own (biased) deviation instead.
    """
    tasks = rewards.tasks or [""] * len(rewards.values)
    for task in dict.fromkeys(tasks):
        scored = [value for value in _of_task(rewards, tasks, task) if value is not None]
        if scored:
            memory[task] = _moved(memory.get(task), scored, decay)

    found: Advantages = []
    for task, values in zip(tasks, rewards.values, strict=True):
        scale = _deviation(memory[task], least) if task in memory else least

        def scaled(group: list[float], scale: float = scale) -> list[float]:
            shifted = centred(group)
            if max(map(abs, shifted)) / (scale + _EPSILON) > most:
                scale = math.sqrt(sum(value**2 for value in shifted) / len(shifted))
            return [value / (scale + _EPSILON) for value in shifted]

        found += by_group([values], scaled)
    return found


def _of_task(rewards: StepRewards, tasks: Sequence[str], task: str) -> Iterator[float | None]:
    for of_group, values in zip(tasks, rewards.values, strict=True):
        if of_group == task:
            yield from values


def _moved(moments: list[float] | None, values: Sequence[float], decay: float) -> list[float]:
    """The moments after a step's values; where there are none yet, those of these values alone."""
    step = [sum(values) / len(values), sum(value**2 for value in values) / len(values)]
    if moments is None:
        return step
    return [decay * before + (1 - decay) * now for before, now in zip(moments, step, strict=True)]


def _deviation(moments: Sequence[float], least: float) -> float:
    first, second = moments
    return max(least, math.sqrt(max(0.0, second - first**2)))
