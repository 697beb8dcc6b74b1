"""Learning rates by step."""

from __future__ import annotations

import math


def cosine(step: int, steps: int, start: float, end: float | None, warmup: float) -> float:
    """Linear rise over the first `warmup` share of the steps, then a cosine from `start` to `end`.

    Args:
        step: number of the step, from 0.
        steps: number of all steps.
        start: the highest rate.
        end: the last rate; a tenth of `start` if None.
        warmup: share of the steps, 0 to 1.
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return start * (step + 1) / rising
    last = start / 10 if end is None else end
    done = (step - rising) / max(1, steps - rising)
    return last + (start - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
