"""What a video shows, found without decoding it where the container allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from rollout.media.container import decoded, frames_of, keeps_times, opened_video, packets_of, sets_clocks_anew
from rollout.media.display import check_aspect, fitting, squared, turn_of
from rollout.media.medium import ClipSpec, MediaError, Medium
from rollout.media.times import LONGEST_GAP, Clock, ShownOrder, Stamp, Timeline, timeline

FEWER = Fraction(9, 10)
"""Share of the stated frames or seconds under which a file counts as holding fewer than it states."""
SEEKABLE = ("mov", "matroska")
"""Formats whose index leads to key frames."""
WIDE_RANGE = {16: "PQ", 18: "HLG"}
"""Transfer functions of high dynamic range, by their numbers in ISO/IEC 23091-2."""


@dataclass(frozen=True)
class Survey:
    """What a video shows."""

    shown: Timeline
    width: int
    """Width of its first picture as it is shown: upright, with square pixels."""
    height: int
    """Height of that picture."""
    numbered: bool
    """Whether the container keeps no presentation times, so that frames are told by their number."""
    seekable: bool
    """Whether decoding may begin at a key frame on the way."""
    notes: tuple[str, ...]
    """What is unusual about it, a sentence each."""

    def size(self, spec: ClipSpec) -> tuple[int, int]:
        """Width and height that all its frames are given."""
        return fitting(self.width, self.height, spec.max_pixels)


def survey(medium: Medium, spec: ClipSpec) -> Survey:
    """Look through a video; raises `MediaError` if it shows nothing, or nothing that models take."""
    with opened_video(medium) as (container, stream):
        tick = Fraction(stream.time_base or 1)
        frame, stamps = _look_through(container, stream)
        if frame is None:
            raise MediaError(f"{medium.path}: no frames could be decoded; re-encode it or remove its rows")
        if not stamps:
            stamps = list(_counted(medium))
        shown = timeline(stamps, tick, clock_of(container, stream))
        width, height = turn_of(frame).size(*squared(frame.width, frame.height, stream.sample_aspect_ratio))
        check_aspect(medium.path, width, height, spec.max_pixels)
        seekable = container.format.name.startswith(SEEKABLE) and not shown.joined
        return Survey(shown, width, height, not keeps_times(container), seekable, tuple(_notes(container, stream, shown, frame)))


def clock_of(container: InputContainer, stream: VideoStream, shown: Timeline | None = None) -> Clock:
    """What places a video's frames in time; on a timeline that is known already, if one is given."""
    tick = Fraction(stream.time_base or 1)
    rate = stream.guessed_rate or stream.average_rate or 25
    spacing, gap = round(1 / (rate * tick)), int(LONGEST_GAP / tick) if sets_clocks_anew(container) else None
    return Clock(spacing, gap) if shown is None else Clock(spacing, gap, shown.origin, shown.joined)


def _look_through(container: InputContainer, stream: VideoStream) -> tuple[av.VideoFrame | None, list[Stamp]]:
    """The first frame, and the time stamps of all frames in the order in which they are shown; none if packets have none."""
    frame: av.VideoFrame | None = None
    order = ShownOrder(clock_of(container, stream).longest_gap)
    stream.thread_type = "NONE"  # with which the first frame needs the fewest packets
    for packet in packets_of(container, stream):
        if frame is None:
            frame = next(iter(decoded(stream, packet)), None)
        order.add(packet)
    if frame is None:
        frame = next(iter(decoded(stream, None)), None)
    return frame, order.stamps()


def _counted(medium: Medium) -> Iterator[Stamp]:
    """The time stamps of all frames, found by decoding them one after another."""
    with opened_video(medium) as (container, stream):
        for frame in frames_of(container, stream):
            yield frame.pts, frame.duration or 0


def _whole(container: InputContainer) -> Fraction:
    """Seconds that the container states for all its streams together; 0 if it states none."""
    return Fraction((container.duration or 0) - max(0, container.start_time or 0), av.time_base)


def _notes(container: InputContainer, stream: VideoStream, shown: Timeline, frame: av.VideoFrame) -> Iterator[str]:
    count, seconds = len(shown.times), float(shown.seconds)
    stated = float(stream.duration * shown.tick if stream.duration else _whole(container))
    if count < FEWER * stream.frames:
        yield f"states {stream.frames} frames and shows {count} ({seconds:.1f} s)"
    elif seconds < FEWER * stated:
        yield f"states {stated:.1f} s and holds {seconds:.1f} s ({count} frames)"
    if count == 1:
        yield f"holds a single picture ({container.format.name}), which is shown twice"
    if frame.color_trc in WIDE_RANGE:
        yield f"has high dynamic range ({WIDE_RANGE[frame.color_trc]}), of which 8 bits a channel are kept without tone mapping"
    if shown.joined:
        yield "its time stamps start over: its parts are shown one after another"
