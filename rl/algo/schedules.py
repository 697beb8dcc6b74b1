"""Learning rates by step."""

from __future__ import annotations

import math
from collections.abc import Sequence


def cosine(step: int, steps: int, start: float, end: float | None, warmup: float) -> float:
    """Linear rise over the first `warmup` share of the steps, then a cosine from `start` to `end`, at which it arrives behind the
    last step: an end of 0 wastes none (as transformers' cosine schedule has it).

    Args:
        step: number of the step, from 0.
        steps: number of all steps.
        start: the highest rate.
        end: the rate at the end; a tenth of `start` if None.
        warmup: share of the steps, 0 to 1.
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return start * (step + 1) / rising
    last = start / 10 if end is None else end
    done = (step - rising) / max(1, steps - rising)
    return last + (start - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def restarting_cosine(step: int, steps: int, restarts: Sequence[int], start: float, end: float | None, warmup: float) -> float:
    """`cosine`, begun anew with a warm-up of its own after each of `restarts`: every segment of the steps has a whole one.

    Args:
        step: number of the step, from 0.
        steps: number of all steps.
        restarts: how many steps are done when it begins anew, rising.
        start, end, warmup: as for `cosine`; `warmup` is a share of the segment's steps.
    """
    within = segment(step, steps, restarts)
    return cosine(step - within.start, len(within), start, end, warmup)


def segment(step: int, steps: int, restarts: Sequence[int]) -> range:
    """The steps, numbered from 0, among which a step is, between one restart and the next."""
    begin = max((one for one in restarts if one <= step), default=0)
    return range(begin, min((one for one in restarts if one > step), default=steps))


def with_length(restarts: Sequence[int], before: int, after: int, done: int, restart: bool) -> list[int]:
    """Where the rate of a run begins anew, once its number of steps is another.

    Args:
        restarts: where it did before.
        before: the number of steps that there were to be.
        after: the number that there are to be.
        done: steps that have been done; before the first there is nothing to begin anew.
        restart: the steps that were to be done keep their rates, and further ones get a segment of their own. Otherwise, and
            where the run gets shorter, the last segment reaches to the new end.
    """
    kept = [one for one in restarts if one < after]
    return [*kept, before] if restart and 0 < before < after and done else kept
