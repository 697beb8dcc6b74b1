"""Odd and broken videos, each compared frame by frame with a full decode by presentation time, or refused in one line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, MediaError, Medium
from rollout.media.probe import probe
from tests.media_zoo import ZOO, Exhibit, make_long_bare, make_zoo

SPEC = ClipSpec()


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_zoo(tmp_path_factory.mktemp("zoo"))


def all_frames(path: Path) -> Iterator[av.VideoFrame]:
    """Every frame that the decoder gives, from first to last; damaged ones are among them."""
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue


def reference(
    path: Path, exhibit: Exhibit, spec: ClipSpec, start: float = 0.0, end: float | None = None
) -> tuple[np.ndarray, float]:
    """(frames, frames a second) of a part by the rule of docs/media.md, the slow way."""
    times: list[float] = []
    whole: set[int] = set()
    shift, duration = 0.0, 0.0
    for number, frame in enumerate(all_frames(path)):
        time = number * exhibit.tick if exhibit.tick else frame.time + shift
        if times and time < times[-1]:
            shift += times[-1] + duration - time
            time = times[-1] + duration
        duration = exhibit.tick or float(frame.duration * frame.time_base) or (time - times[-1] if times else 0.0)
        times.append(time)
        whole |= set() if frame.is_corrupt else {number}
    start += times[0]
    end = times[-1] + duration if end is None else times[0] + end
    seconds, within = end - start, sum(start + 0.001 < time < end - 1e-9 for time in times) + 1
    count = min(max(int((seconds + 0.001) * spec.fps), spec.min_frames), spec.max_frames, within) // 2 * 2 or 2
    moments = [start + seconds * number / count + 0.001 for number in range(count)]
    chosen = [max(n for n in whole if times[n] <= moment) for moment in moments]
    width, height = exhibit.size
    pictures = {}
    for number, frame in enumerate(all_frames(path)):
        if number in chosen:
            way = {} if (frame.width, frame.height) == exhibit.size else {"width": width, "height": height}
            smaller = width <= frame.width and height <= frame.height
            stored = frame.to_ndarray(format="rgb24", interpolation="AREA" if smaller else "BICUBIC", **way)
            pictures[number] = exhibit.upright(stored)
    return np.stack([pictures[number] for number in chosen]), count / seconds


@pytest.mark.parametrize("exhibit", ZOO, ids=lambda exhibit: exhibit.name)
def test_frames_are_those_on_show_at_evenly_spread_moments_or_the_file_is_refused(exhibit: Exhibit, zoo: dict[str, Path]) -> None:
    path = zoo[exhibit.name]
    medium = Medium("video", str(path))
    if exhibit.refused:
        for reading in (decode, probe):
            with pytest.raises(MediaError) as refused:
                reading(medium, SPEC)
            assert re.fullmatch(rf"{re.escape(str(path))}: .*({exhibit.refused}).*", str(refused.value))
        return
    clip = decode(medium, SPEC)
    frames, fps = reference(path, exhibit, SPEC)
    assert clip.frames.shape == frames.shape
    np.testing.assert_array_equal(clip.frames, frames)
    assert clip.fps == pytest.approx(fps, rel=1e-3)
    assert len(clip.notes) == len(exhibit.notes)
    for note, said in zip(clip.notes, exhibit.notes, strict=True):
        assert re.search(said, note)
    shape = probe(medium, SPEC)
    assert (shape.frames, shape.height, shape.width, 3) == frames.shape
    assert shape.fps == clip.fps


@pytest.mark.parametrize("start, end", [(0.0, 1.0), (0.5, 1.7), (1.2, 2.0), (1.9, None)])
@pytest.mark.parametrize("name", ["b_frames.mp4", "matroska.mkv", "broadcast.ts", "h264.avi", "late_start.mp4", "turned_90.mp4"])
def test_a_part_has_the_frames_of_the_whole_at_its_moments(
    name: str, start: float, end: float | None, zoo: dict[str, Path]
) -> None:
    (exhibit,) = (one for one in ZOO if one.name == name)
    medium = Medium("video", str(zoo[name]), start=start, end=end)
    clip, shape = decode(medium, SPEC), probe(medium, SPEC)
    frames, fps = reference(zoo[name], exhibit, SPEC, start, end)
    np.testing.assert_array_equal(clip.frames, frames)
    assert clip.fps == pytest.approx(fps, rel=1e-6)
    assert ((shape.frames, shape.height, shape.width, 3), shape.fps) == (clip.frames.shape, clip.fps)


@pytest.mark.parametrize("name", ["cut.mp4", "late_start.mkv", "turned_90.mp4", "late_start.ts", "moving.gif"])
def test_content_becomes_the_frames_of_its_file(name: str, zoo: dict[str, Path]) -> None:
    held = Medium("video", "row 7", content=zoo[name].read_bytes(), start=0.3)
    named = Medium("video", str(zoo[name]), start=0.3)
    np.testing.assert_array_equal(decode(held, SPEC).frames, decode(named, SPEC).frames)
    assert probe(held, SPEC) == probe(named, SPEC)
    with pytest.raises(MediaError, match=r"^row 8: is not a readable video"):
        decode(Medium("video", "row 8", content=b"nothing of the kind"), SPEC)


@pytest.mark.parametrize("bare", [False, True], ids=["long.mkv", "long.h264"])
def test_memory_does_not_grow_with_the_length_of_a_video(bare: bool, zoo: dict[str, Path], tmp_path: Path) -> None:
    path = zoo["long.mkv"]
    if bare:
        path = tmp_path / "long.h264"
        make_long_bare(path)
    script = f"""
import re
from pathlib import Path
from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, Medium
clip = decode(Medium("video", {str(path)!r}), ClipSpec())
assert clip.frames.shape == (16, 224, 420, 3)
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert int(told.stdout) < 500_000  # kB; all its pictures would take 4 GB
