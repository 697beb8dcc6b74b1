"""Which moments of a video become frames (docs/media.md, "Which frames")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rollout.media.medium import ClipSpec, MediaError, Medium
from rollout.media.times import Timeline

TEMPORAL_PATCH = 2
"""Frames that a vision tower takes together; frame counts are multiples of it."""
ROUNDING = Fraction(1, 1000)
"""Seconds by which a time may be off: some containers, such as Matroska, round to milliseconds."""
END_ROUNDING = Fraction(1, 2)
"""Seconds by which a part of a clip may end after the clip: annotations are rounded."""


@dataclass(frozen=True)
class Samples:
    """The moments of a video that become frames."""

    ticks: tuple[int, ...]
    """A frame shows the picture that began last, up to this tick of the video's timeline."""
    fps: float
    """Frames a second, as they are sampled."""


def sample(shown: Timeline, spec: ClipSpec, medium: Medium) -> Samples:
    """An even number of moments, evenly spread over the video or the part of it that is meant; raises `MediaError` if that part
    lies outside."""
    start, end = _part(shown, medium)
    # The frames of the part: the one on show when it begins, and those that begin within it.
    first = max(0, int(np.searchsorted(shown.times, _tick(start, shown), side="right")) - 1)
    last = int(np.searchsorted(shown.times, math.ceil(end / shown.tick), side="left"))
    count = frame_count(end - start, max(1, last - first), spec)
    step = (end - start) / count
    return Samples(tuple(_tick(start + number * step, shown) for number in range(count)), float(1 / step))


def frame_count(seconds: Fraction, shown: int, spec: ClipSpec) -> int:
    """How many frames a video becomes, by the rule of Qwen's `smart_nframes`, but that one of a single frame shows it twice.

    Args:
        seconds: how long it lasts.
        shown: how many frames it shows.
        spec: how many are wanted.
    """
    wanted = math.floor((seconds + ROUNDING) * Fraction(spec.fps))
    least = math.ceil(spec.min_frames / TEMPORAL_PATCH) * TEMPORAL_PATCH
    return max(TEMPORAL_PATCH, _even(min(max(wanted, least), _even(spec.max_frames), shown)))


def _part(shown: Timeline, medium: Medium) -> tuple[Fraction, Fraction]:
    """Seconds at which the part that is meant begins and ends."""
    start = Fraction(medium.start or 0)
    end = shown.seconds if medium.end is None else Fraction(medium.end)
    if not 0 <= start < min(end, shown.seconds) or end > shown.seconds + END_ROUNDING:
        raise MediaError(
            f"{medium.path}: the part from {float(start):g} s to {float(end):g} s is not within the clip, which lasts "
            f"{float(shown.seconds):.2f} s; correct its `start` and `end`"
        )
    return start, min(end, shown.seconds)


def _tick(seconds: Fraction, shown: Timeline) -> int:
    return math.floor((seconds + ROUNDING) / shown.tick)


def _even(number: int) -> int:
    return number - number % TEMPORAL_PATCH
