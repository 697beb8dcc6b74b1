"""Frames that processes share: decoded once, the same for all, no more than the budget."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import rollout.media.shared
from rollout.media.decoding import decode
from rollout.media.medium import Clip, ClipSpec, Medium
from rollout.media.shared import SharedClips
from rollout.media.store import MediaStore
from tests.media_zoo import ZOO, drawn, encode

SMALL, LARGE = 2**16, 2**20


@pytest.fixture
def sharing() -> Iterator[Callable[[int], SharedClips]]:
    """Makes what one process has, with a budget; each has its own, and they share."""
    name, made = uuid.uuid4().hex, list[SharedClips]()

    def process(budget: int) -> SharedClips:
        made.append(SharedClips(name, budget))
        return made[-1]

    yield process
    for one in made:
        one.leave()


def clip(size: int, seed: int = 0, path: str = "a.mp4") -> Clip:
    """Of about so many bytes."""
    frames = np.random.default_rng(seed).integers(0, 256, (4, 32, size // (4 * 32 * 3), 3), dtype=np.uint8)
    return Clip(path, frames, 23.976023976023978, ("states 5 frames and shows 4", "é"))


def held(clips: SharedClips) -> set[str]:
    """Names of the frames that are there."""
    assert clips._folder is not None
    return {file.name for file in clips._folder.path.iterdir()}


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_what_one_has_put_the_others_get(sharing: Callable[[int], SharedClips], size: int) -> None:
    one, other, given = sharing(2**24), sharing(2**24), clip(size)
    assert other.get("n", "b.mp4") is None
    for found, path in ((one.put("n", given), "a.mp4"), (other.get("n", "b.mp4"), "b.mp4")):
        assert found is not None
        np.testing.assert_array_equal(found.frames, given.frames)
        assert (found.path, found.fps, found.notes) == (path, given.fps, given.notes)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_who_writes_to_frames_changes_nobody_elses(sharing: Callable[[int], SharedClips], size: int) -> None:
    one, other, given = sharing(2**24), sharing(2**24), clip(size)
    mine, theirs = one.put("n", given), other.get("n", "a.mp4")
    assert theirs is not None
    mine.frames[:] = 0
    np.testing.assert_array_equal(theirs.frames, given.frames)
    again = one.get("n", "a.mp4")
    assert again is not None
    np.testing.assert_array_equal(again.frames, given.frames)


def test_frames_that_nobody_used_for_longest_go_first_whoever_put_them(sharing: Callable[[int], SharedClips]) -> None:
    one, other = sharing(10 * LARGE), sharing(10 * LARGE)
    for number in range(8):
        (one, other)[number % 2].put(f"{number}", clip(LARGE, number))
    kept = one.get("0", "a.mp4")
    other.get("1", "a.mp4")
    for number in range(8, 14):
        one.put(f"{number}", clip(LARGE, number))
    assert {"0", "1", "13"} <= held(one) and not {"2", "3"} & held(one)
    assert kept is not None
    np.testing.assert_array_equal(kept.frames, clip(LARGE, 0).frames)
    for number in range(14, 30):
        one.put(f"{number}", clip(LARGE, number))
    assert "0" not in held(one)
    np.testing.assert_array_equal(kept.frames, clip(LARGE, 0).frames)  # as long as it is used


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_all_of_them_together_are_never_more_than_the_budget(sharing: Callable[[int], SharedClips], size: int) -> None:
    processes, budget = [sharing(5 * LARGE) for _ in range(4)], 5 * LARGE
    for number in range(200):
        processes[number % 4].put(f"{number}", clip(size, number))
        folder = processes[0]._folder
        assert folder is not None and sum(file.stat().st_size for file in folder.path.iterdir()) <= budget
    assert len(held(processes[0])) * size > budget * 0.7
    large = clip(6 * LARGE)
    assert processes[0].put("large", large) is large and "large" not in held(processes[0])


def test_where_there_is_no_place_nothing_is_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rollout.media.shared, "join", lambda *_: None)
    alone, given = SharedClips("n", 2**24), clip(LARGE)
    assert alone.put("n", given) is given and alone.get("n", "a.mp4") is None
    alone.leave()


def test_where_nothing_can_be_written_frames_are_as_they_were_decoded(sharing: Callable[[int], SharedClips]) -> None:
    one, given = sharing(2**24), clip(LARGE)
    assert one._folder is not None
    one._folder.path.rmdir()  # somebody has tidied up
    assert one.put("n", given) is given and one.get("n", "a.mp4") is None


@pytest.fixture
def stores() -> Iterator[Callable[[], MediaStore]]:
    """Makes the store of one process; all of them share."""
    name, made = uuid.uuid4().hex, list[MediaStore]()

    def process() -> MediaStore:
        made.append(MediaStore(ClipSpec(), 2**24, name))
        return made[-1]

    yield process
    for store in made:
        shared_by(store).leave()


def shared_by(store: MediaStore) -> SharedClips:
    assert store._shared is not None
    return store._shared


@pytest.fixture
def media(tmp_path: Path) -> list[Medium]:
    """Two videos, of which there is something to say about the second."""
    encode(tmp_path / "a.mp4", drawn(50))
    next(exhibit for exhibit in ZOO if exhibit.name == "cut.mp4").make(tmp_path / "cut.mp4")
    return [Medium("video", str(tmp_path / name)) for name in ("a.mp4", "cut.mp4")]


def test_a_file_is_decoded_once_by_all_stores_that_share(stores: Callable[[], MediaStore], media: list[Medium]) -> None:
    one, other = stores(), stores()
    for medium in media:
        expected = decode(medium, ClipSpec())
        for found in (one.get(medium), other.get(medium)):
            np.testing.assert_array_equal(found.frames, expected.frames)
            assert (found.path, found.fps, found.notes) == (expected.path, expected.fps, expected.notes)
    assert expected.notes
    assert (one.decoded, other.decoded) == (2, 0)


def test_what_was_forgotten_is_decoded_again(stores: Callable[[], MediaStore], media: list[Medium]) -> None:
    one, other = stores(), stores()
    frames = one.get(media[0]).frames
    folder = shared_by(one)._folder
    assert folder is not None
    for name in held(shared_by(one)):
        (folder.path / name).unlink()
    np.testing.assert_array_equal(other.get(media[0]).frames, frames)
    np.testing.assert_array_equal(one.get(media[0]).frames, frames)  # which it holds itself
    assert (one.decoded, other.decoded) == (1, 1)
