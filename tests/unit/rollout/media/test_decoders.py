"""Files that crash, hang or fill the decoder end a process of its own, and are told by their names."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from rollout.media.decoders import Decoders
from rollout.media.medium import ClipSpec, MediaError, Medium, Shape
from tests.media_zoo import drawn, encode, make_long


@pytest.fixture
def small(tmp_path: Path) -> Medium:
    encode(tmp_path / "small.mp4", drawn(50))
    return Medium("video", str(tmp_path / "small.mp4"))


def test_files_that_hang_or_crash_are_told_and_the_next_one_is_decoded(small: Medium, tmp_path: Path) -> None:
    make_long(tmp_path / "long.mkv", seconds=1500)
    (tmp_path / "text.mp4").write_text("nothing of the kind")
    wanted = Shape(4, 48, 64, 2.0)
    with Decoders(timeout=2) as decoders:
        assert decoders.look(small, ClipSpec()) == wanted
        with pytest.raises(MediaError, match=r"text\.mp4: is not a readable video"):
            decoders.look(Medium("video", str(tmp_path / "text.mp4")), ClipSpec())
        with pytest.raises(MediaError, match=r"long\.mkv: takes more than 2 s to decode; re-encode it or remove its rows"):
            decoders.look(Medium("video", str(tmp_path / "long.mkv")), ClipSpec())
        assert decoders.look(small, ClipSpec()) == wanted
        process = decoders._workers[0]._process
        assert process is not None and process.pid is not None
        os.kill(process.pid, signal.SIGSEGV)
        with pytest.raises(MediaError, match=r"small\.mp4: crashes the decoder; re-encode it or remove its rows"):
            decoders.look(small, ClipSpec())
        assert decoders.look(small, ClipSpec()) == wanted


def test_a_file_that_fills_the_memory_is_told(small: Medium, tmp_path: Path) -> None:
    encode(tmp_path / "large.avi", drawn(2, 3840, 2160), "mjpeg", "yuvj420p")
    with Decoders(memory_gib=0.03) as decoders:
        assert decoders.look(small, ClipSpec()).frames == 4
        with pytest.raises(MediaError, match=r"large\.avi: .*(memory|GiB)"):
            decoders.look(Medium("video", str(tmp_path / "large.avi")), ClipSpec())
        assert decoders.look(small, ClipSpec()).frames == 4
