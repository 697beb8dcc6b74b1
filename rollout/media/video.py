"""Videos -> the frames that both engine and learner see."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from rollout.media.container import frames_of, opened_video
from rollout.media.display import several_sizes, to_rgb
from rollout.media.medium import Clip, ClipSpec, MediaError, Medium, Shape
from rollout.media.sampling import Samples, sample
from rollout.media.survey import FEWER, Survey, clock_of, survey

BEFORE = 1
"""Seconds before a part at which its key frame is looked for: key frames are found by when they are decoded, not shown."""
FEWEST = Fraction(1, 2)
"""Share of its frames that has to be decodable."""


def video_shape(medium: Medium, spec: ClipSpec) -> Shape:
    """The shape of what `decode_video` gives."""
    found = survey(medium, spec)
    samples = sample(found.shown, spec, medium)
    width, height = found.size(spec)
    return Shape(len(samples.ticks), height, width, samples.fps, found.notes)


def decode_video(medium: Medium, spec: ClipSpec) -> Clip:
    """The frames of a video at the moments that `sample` chooses: each is the picture that is on show then."""
    found = survey(medium, spec)
    samples = sample(found.shown, spec, medium)
    taken = _take(medium, found, samples, found.size(spec), seeks=bool(medium.start) and found.seekable)
    if not taken.pictures:
        raise MediaError(f"{medium.path}: no frames could be decoded; re-encode it or remove its rows")
    return Clip(medium.path, np.stack(taken.pictures), samples.fps, (*found.notes, *_faults(medium, found, samples, taken)))


@dataclass
class _Taken:
    """What came of decoding."""

    pictures: list[np.ndarray] = field(default_factory=list)
    """uint8 RGB (H, W, 3) for each moment."""
    sizes: set[tuple[int, int]] = field(default_factory=set)
    """Widths and heights of all frames that were decoded."""
    seen: int = 0
    """Frames that were decoded, from the first moment to the last."""


def _take(medium: Medium, found: Survey, samples: Samples, size: tuple[int, int], *, seeks: bool) -> _Taken:
    """Decode up to the last moment, and keep nothing but the pictures that are wanted.

    Args:
        size: width and height of the pictures.
        seeks: whether to begin at a key frame before the first moment, and not at the beginning.
    """
    taken, moments = _Taken(), samples.ticks
    with opened_video(medium) as (container, stream):
        if seeks:
            container.seek(found.shown.origin + moments[0] - int(BEFORE / found.shown.tick), stream=stream)
        placed = _placed(container, stream, found)
        first = next(placed, None)
        if seeks and (first is None or first[0] > moments[0]):
            return _take(medium, found, samples, size, seeks=False)
        before: av.VideoFrame | None = None
        for tick, frame in chain([first] if first else [], placed, [(moments[-1] + 1, None)]):
            # a moment shows the frame that began last; one before the first frame that can be decoded shows that one
            due = bisect_left(moments, tick) - len(taken.pictures)
            if due and (shown := before or frame):
                taken.pictures += [to_rgb(shown, size)] * due
            if frame is None or len(taken.pictures) == len(moments):
                break
            taken.sizes.add((frame.width, frame.height))
            taken.seen += moments[0] <= tick <= moments[-1]
            before = frame
    return taken


def _placed(container: InputContainer, stream: VideoStream, found: Survey) -> Iterator[tuple[int, av.VideoFrame]]:
    """The frames in the order in which they are shown, each with its place on the timeline in ticks."""
    times = found.shown.times
    clock = clock_of(container, stream, found.shown)
    for number, frame in enumerate(frames_of(container, stream)):
        at = int(times[min(number, len(times) - 1)]) if found.numbered else clock.at(frame.pts, frame.duration or 0)
        yield at, frame


def _faults(medium: Medium, found: Survey, samples: Samples, taken: _Taken) -> Iterator[str]:
    """What was unusual about the frames, a sentence each; raises `MediaError` if most of them could not be decoded."""
    times = found.shown.times
    expected = bisect_left(times, samples.ticks[-1] + 1) - bisect_left(times, samples.ticks[0])
    if taken.seen < FEWEST * expected:
        raise MediaError(f"{medium.path}: only {taken.seen} of {expected} frames can be decoded; re-encode it or remove its rows")
    if taken.seen < FEWER * expected:
        yield f"{expected - taken.seen} of {expected} frames cannot be decoded; those before them stand in"
    yield from several_sizes(taken.sizes)
