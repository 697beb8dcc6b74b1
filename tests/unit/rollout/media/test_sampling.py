"""Which moments of a video become frames."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from rollout.faces.dataset import CLIP_FPS, CLIP_FRAMES
from rollout.media.medium import ClipSpec, MediaError, Medium
from rollout.media.sampling import frame_count, sample
from rollout.media.times import Timeline

CLIP = Medium("video", "clip.mp4")


def steady(frames: int, rate: int) -> Timeline:
    """A video at a constant rate, in ticks of a hundredth of a frame."""
    return Timeline(np.arange(frames, dtype=np.int64) * 100, frames * 100, Fraction(1, 100 * rate), 0)


def shown(timeline: Timeline, spec: ClipSpec, medium: Medium = CLIP) -> list[int]:
    """Numbers of the frames that are chosen."""
    return (np.searchsorted(timeline.times, sample(timeline, spec, medium).ticks, side="right") - 1).tolist()


def qwen_count(total: int, rate: float, spec: ClipSpec) -> int:
    """`smart_nframes` of Qwen's own preprocessing (qwen_vl_utils.vision_process)."""
    least, most = math.ceil(spec.min_frames / 2) * 2, math.floor(spec.max_frames / 2) * 2
    wanted = min(min(max(total / rate * spec.fps, least), most), total)
    return math.floor(wanted / 2) * 2


@pytest.mark.parametrize(
    "spec", [ClipSpec(), ClipSpec(fps=1.0), ClipSpec(fps=4.0, min_frames=5, max_frames=9), ClipSpec(max_frames=768)]
)
def test_as_many_frames_as_in_qwens_preprocessing(spec: ClipSpec) -> None:
    for rate in (1, 2, 5, 24, 25, 30, 60):
        for total in range(2, 400):
            assert frame_count(Fraction(total, rate), total, spec) == qwen_count(total, rate, spec)


@pytest.mark.parametrize("rate", [4, 24, 25, 30])
def test_at_a_constant_rate_the_frames_are_those_of_transformers(rate: int) -> None:
    for total in range(2, 300):
        count = qwen_count(total, rate, ClipSpec())
        assert shown(steady(total, rate), ClipSpec()) == [math.floor(number * total / count) for number in range(count)]


def test_drawn_clips_show_every_second_frame() -> None:
    assert shown(steady(CLIP_FRAMES, CLIP_FPS), ClipSpec(fps=2.0)) == [0, 2, 4, 6]
    assert sample(steady(CLIP_FRAMES, CLIP_FPS), ClipSpec(fps=2.0), CLIP).fps == 2.0


def test_a_single_frame_is_shown_twice() -> None:
    assert shown(steady(1, 25), ClipSpec()) == [0, 0]
    assert sample(steady(1, 25), ClipSpec(), CLIP).fps == 50.0


def test_frames_are_spread_over_time_and_not_over_numbers() -> None:
    slow_then_fast = np.array([*range(0, 9000, 500), *range(9000, 10_000, 20)], dtype=np.int64)
    timeline = Timeline(slow_then_fast, 10_000, Fraction(1, 1000), 0)
    chosen = shown(timeline, ClipSpec(fps=1.0, max_frames=10))
    assert chosen == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert slow_then_fast[chosen].tolist() == list(range(0, 10_000, 1000))


def test_times_in_whole_milliseconds_choose_the_same_frames() -> None:
    for total in range(2, 200):
        rounded = Timeline(
            np.round(np.arange(total) * 1000 / 30).astype(np.int64), round(total * 1000 / 30), Fraction(1, 1000), 0
        )
        assert shown(rounded, ClipSpec()) == shown(steady(total, 30), ClipSpec())


def test_a_part_is_sampled_like_a_clip_of_its_own() -> None:
    whole = steady(250, 25)
    part = Medium("video", "clip.mp4", start=4.0, end=6.0)
    assert shown(whole, ClipSpec(), part) == [100 + number for number in shown(steady(50, 25), ClipSpec())]
    assert sample(whole, ClipSpec(), part).fps == 2.0
    assert shown(whole, ClipSpec(), Medium("video", "clip.mp4", start=9.98)) == [249, 249]
    assert shown(whole, ClipSpec(max_frames=4), Medium("video", "clip.mp4", end=10.4)) == [0, 62, 125, 187]


@pytest.mark.parametrize(
    "start, end, said",
    [
        (10.0, 12.0, "the part from 10 s to 12 s is not within the clip, which lasts 10.00 s; correct its `start` and `end`"),
        (3.0, 3.0, "the part from 3 s to 3 s"),
        (5.0, 2.0, "the part from 5 s to 2 s"),
        (-1.0, 2.0, "the part from -1 s to 2 s"),
        (2.0, 10.6, "the part from 2 s to 10.6 s"),
        (11.0, None, "the part from 11 s to 10 s"),
    ],
)
def test_a_part_that_is_not_there_is_refused_with_figures(start: float, end: float | None, said: str) -> None:
    with pytest.raises(MediaError, match=f"^clip.mp4: {said}"):
        sample(steady(250, 25), ClipSpec(), Medium("video", "clip.mp4", start=start, end=end))
