"""Parts of long videos are decoded from a key frame before them; videos that can hardly be decoded are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rollout.media.video
from rollout.media.container import frames_of
from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, MediaError, Medium
from tests.media_zoo import drawn, encode


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time stamps of all frames that are decoded for their pictures."""
    stamps: list[int] = []

    def counting(container: Any, stream: Any) -> Iterator[Any]:
        for frame in frames_of(container, stream):
            stamps.append(frame.pts)
            yield frame

    monkeypatch.setattr(rollout.media.video, "frames_of", counting)
    return stamps


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_late_part_is_decoded_from_a_key_frame_before_it(ending: str, tmp_path: Path, decoded: list[int]) -> None:
    encode(tmp_path / f"a.{ending}", drawn(500))
    name = str(tmp_path / f"a.{ending}")
    whole = decode(Medium("video", name), ClipSpec(fps=25.0, max_frames=500)).frames
    decoded.clear()
    part = decode(Medium("video", name, start=16.0, end=18.0), ClipSpec()).frames
    np.testing.assert_array_equal(part, whole[[400, 412, 425, 437]])
    assert len(decoded) < 100


@pytest.mark.parametrize("before", [-1, -3])
def test_a_part_whose_key_frame_is_not_found_is_decoded_from_the_beginning(
    before: int, tmp_path: Path, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    encode(tmp_path / "a.mp4", drawn(150))
    medium = Medium("video", str(tmp_path / "a.mp4"), start=4.0, end=5.0)
    right = decode(medium, ClipSpec()).frames
    decoded.clear()
    monkeypatch.setattr(rollout.media.video, "BEFORE", before)
    np.testing.assert_array_equal(decode(medium, ClipSpec()).frames, right)
    assert 0 in decoded


def test_a_video_of_which_hardly_anything_can_be_decoded_is_refused(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp4", drawn(100), gop=50, b_frames=0, container={"movflags": "faststart"})
    file = bytearray((tmp_path / "a.mp4").read_bytes())
    start = file.index(b"mdat") + (len(file) - file.index(b"mdat")) // 3
    file[start:] = bytes(len(file) - start)
    (tmp_path / "a.mp4").write_bytes(file)
    with pytest.raises(MediaError, match=r"a\.mp4: only \d+ of 87 frames can be decoded; re-encode it or remove its rows"):
        decode(Medium("video", str(tmp_path / "a.mp4")), ClipSpec())
