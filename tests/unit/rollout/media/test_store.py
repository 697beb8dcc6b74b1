"""Frames that are kept: by what they show, decoded once, told once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rollout.media.store
from rollout.media.decoding import decode
from rollout.media.medium import Clip, ClipSpec, MediaError, Medium
from rollout.media.store import MediaStore
from tests.media_zoo import ZOO, drawn, encode


@pytest.fixture
def clip(tmp_path: Path) -> Medium:
    encode(tmp_path / "a.mp4", drawn(50))
    return Medium("video", str(tmp_path / "a.mp4"))


def test_frames_have_one_name_as_long_as_they_are_the_same(clip: Medium, tmp_path: Path) -> None:
    store = MediaStore(ClipSpec(), 2**24)
    name = store.name(clip)
    assert store.name(Medium("video", clip.path)) == name
    content = Path(clip.path).read_bytes()
    other = [
        MediaStore(ClipSpec(fps=1.0), 2**24).name(clip),
        store.name(replace(clip, end=1.0)),
        store.name(replace(clip, max_frames=4)),
        store.name(replace(clip, content=content)),
        store.name(replace(clip, content=content[:-1])),
    ]
    os.utime(clip.path, ns=(1, 1))
    assert len({name, *other, store.name(clip)}) == 7
    with pytest.raises(MediaError, match="no such video file"):
        store.name(Medium("video", str(tmp_path / "absent.mp4")))


def test_a_file_that_is_replaced_is_decoded_anew(clip: Medium) -> None:
    store = MediaStore(ClipSpec(), 2**24)
    before = store.get(clip).frames
    encode(Path(clip.path), drawn(100)[50:])
    assert not np.array_equal(store.get(clip).frames, before)


def test_a_medium_that_is_limited_gets_fewer_frames(clip: Medium) -> None:
    store = MediaStore(ClipSpec(), 2**24)
    assert len(store.get(clip).frames) == 4
    assert len(store.get(replace(clip, max_frames=2)).frames) == 2


def test_threads_that_want_the_same_wait_for_one_of_them(clip: Medium, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    waiting = threading.Event()

    def slow(medium: Medium, spec: ClipSpec) -> Clip:
        decoded.append(medium.path)
        waiting.wait(10)
        return decode(medium, spec)

    monkeypatch.setattr(rollout.media.store, "decode", slow)
    store = MediaStore(ClipSpec(), 2**24)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(store.get, clip) for _ in range(4)]
        while sum(one.running() for one in asked) < 4:
            pass
        waiting.set()
        assert len({id(one.result()) for one in asked}) == 1
    assert decoded == [clip.path]


def test_all_threads_are_told_that_a_file_is_broken_and_it_is_tried_again_later(clip: Medium) -> None:
    Path(clip.path).write_bytes(b"nothing of the kind")
    store = MediaStore(ClipSpec(), 2**24)
    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(store.get, clip) for _ in range(8)]:
            with pytest.raises(MediaError, match="is not a readable video"):
                one.result()
    encode(Path(clip.path), drawn(50))
    assert len(store.get(clip).frames) == 4


def test_what_is_unusual_about_a_file_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cut = next(exhibit for exhibit in ZOO if exhibit.name == "cut.mp4")
    cut.make(tmp_path / "cut.mp4")
    store = MediaStore(ClipSpec(), 1)  # too small to keep both parts
    for start in (0.0, 0.2, 0.0):
        store.get(Medium("video", str(tmp_path / "cut.mp4"), start=start))
    assert caplog.messages == [f"{tmp_path / 'cut.mp4'}: states 250 frames and shows 25 (1.0 s)"]
