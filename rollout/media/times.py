"""When the frames of a video are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

LONGEST_GAP = 10
"""Seconds without a frame after which the clock of a broadcast (MPEG-TS, MPEG-PS) counts as set anew, as ffmpeg has it."""

Stamp: TypeAlias = tuple[int | None, int]
"""A frame's time stamp, None if it has none, and for how long it is shown, 0 if that is not stated; both in ticks."""


class ShownOrder:
    """Puts the time stamps of packets, which are stored in the order of decoding, into the order in which frames are shown."""

    def __init__(self, longest_gap: int | None) -> None:
        """
        Args:
            longest_gap: ticks between two packets that count as a clock set anew; None where time stamps are believed.
        """
        self.longest_gap = math.inf if longest_gap is None else longest_gap
        self._ordered: list[Stamp] = []
        self._part: list[tuple[int, int]] = []
        self._decoded_at: int | None = None
        self._begun, self._complete, self._breaks_off = False, True, False

    def add(self, packet: Any) -> None:
        """Take PyAV's next packet."""
        self._begun = self._begun or packet.is_keyframe  # what comes before the first whole picture cannot be decoded
        if not self._begun or packet.is_discard:
            return
        if packet.pts is None:
            self._complete = False
            return
        if packet.dts is not None:
            if self._decoded_at is not None and not 0 <= packet.dts - self._decoded_at <= self.longest_gap:
                self._ordered += sorted(self._part)
                self._part = []
            self._decoded_at = packet.dts
        self._part.append((packet.pts, packet.duration or 0))
        self._breaks_off = packet.is_corrupt

    def stamps(self) -> list[Stamp]:
        """The time stamps of all frames; none at all unless every packet has one."""
        if not self._complete:
            return []
        # the last packet of a half file is a part of one
        given = self._part[:-1] if self._breaks_off else self._part
        return [*self._ordered, *sorted(given)]


class Clock:
    """Gives frames, in the order in which they are shown, their places on one time axis that begins at 0.

    Time stamps that start over, as in recordings that were joined, go on where the last frame ended.
    """

    def __init__(self, spacing: int = 1, longest_gap: int | None = None, origin: int | None = None, joins: bool = True) -> None:
        """
        Args:
            spacing: ticks for which a frame is shown that says nothing about it.
            longest_gap: ticks without a frame that count as a clock set anew; None where time stamps are believed.
            origin: the time stamp that is 0; None for that of the first frame.
            joins: whether time stamps may start over. If not, one that is before the last frame's is wrong.
        """
        self.origin, self.longest_gap, self.joins = origin, longest_gap, joins
        self.spacing = max(1, spacing)
        self.joined = False
        """Whether time stamps have started over."""
        self._now: int | None = None

    def at(self, stamp: int | None, duration: int) -> int:
        """The place of the next frame in ticks.

        Args:
            stamp: its time stamp; None for one that has none, which follows the last frame.
            duration: ticks for which it is shown; 0 where that is not stated.
        """
        after = 0 if self._now is None else self._now + self.spacing
        if self.origin is None:
            self.origin = 0 if stamp is None else stamp
        now = after if stamp is None else stamp - self.origin
        if stamp is not None and self._now is not None:
            if not self.joins:
                now = max(now, self._now)
            elif now < self._now or (self.longest_gap is not None and now - self._now > self.longest_gap):
                self.origin, now, self.joined = stamp - after, after, True
        self.spacing = duration or (now - self._now if self._now is not None and now > self._now else self.spacing)
        self._now = now
        return now


@dataclass(frozen=True)
class Timeline:
    """The times of all frames that a video shows."""

    times: np.ndarray
    """int64 (n,), ascending from 0, in ticks."""
    end: int
    """When the last frame ends, in ticks."""
    tick: Fraction
    """Seconds."""
    origin: int
    """Time stamp of the first frame."""
    joined: bool = False
    """Whether time stamps start over on the way."""

    @property
    def seconds(self) -> Fraction:
        """From the first frame's beginning to the last one's end."""
        return self.end * self.tick


def timeline(frames: Sequence[Stamp], tick: Fraction, clock: Clock) -> Timeline:
    """The times of frames.

    Args:
        frames: in the order in which they are shown; at least one.
        tick: seconds.
        clock: what places them.
    """
    placed = np.array([clock.at(*frame) for frame in frames], dtype=np.int64)
    return Timeline(placed, int(placed[-1]) + clock.spacing, tick, frames[0][0] or 0, clock.joined)
