"""The folder of drawn faces: splits share nobody, clips really are video, and nothing half done is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewards.errors import UserError
from rollout.faces.dataset import SPLITS, encode_video, is_captioned, make_faces, people_by_split
from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, Medium
from rollout.rows.data import open_rows


def test_every_split_has_every_task_and_clips_that_decode(faces: Path) -> None:
    for split in SPLITS:
        rows = open_rows(faces / f"{split}.jsonl")
        assert {"attribute_open", "attribute_closed", "emotion_single", "emotion_fine", "action_units", "rationale"} <= set(
            rows.tasks()
        )
        clip = decode(rows[0].media[0], ClipSpec(fps=2.0))
        assert clip.frames.shape == (4, 56, 56, 3)
        assert clip.fps == 2.0


def test_every_third_training_clip_is_verified_and_all_others_are(faces: Path) -> None:
    assert [is_captioned("train", number) for number in range(6)] == [True, True, False] * 2
    assert not any(is_captioned(split, number) for split in ("val", "test") for number in range(6))
    for split, sources in (("train", ["captioned", "captioned", "verified"] * 8), ("val", ["verified"] * 8)):
        rows = open_rows(faces / f"{split}.jsonl")
        found = [rows[index].source for index in rows.indices_by_task()["rationale"]]
        assert found == [f"faces/rationale_{source}" for source in sources]


def test_identities_of_splits_are_disjoint() -> None:
    parts = people_by_split({"train": 400, "val": 200, "test": 200}, np.random.default_rng(1))
    assert {split: len(people) for split, people in parts.items()} == {"train": 400, "val": 200, "test": 200}
    sets = [set(people) for people in parts.values()]
    assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_a_report_says_what_was_written(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    report = make_faces(tmp_path / "faces", clips=9, seed=0, progress=lambda split, done: told.append((split, done)))
    assert report.directory == tmp_path / "faces"
    assert report.clips == {"train": 9, "val": 8, "test": 8}
    assert told == [(split, done) for split in SPLITS for done in range(1, report.clips[split] + 1)]
    assert report.rows == {split: len(open_rows(tmp_path / "faces" / f"{split}.jsonl")) for split in SPLITS}


def test_the_same_seed_draws_the_same_rows(tmp_path: Path) -> None:
    texts = [(make_faces(tmp_path / name, clips=8, seed=5).directory / "train.jsonl").read_text() for name in ("a", "b")]
    assert texts[0] == texts[1]
    assert texts[0] != (make_faces(tmp_path / "c", clips=8, seed=6).directory / "train.jsonl").read_text()


def test_what_cannot_be_drawn_is_refused(faces: Path, tmp_path: Path) -> None:
    for folder, clips, careless, said in (
        (faces, 8, 0.0, "exists and is not empty"),
        (faces / "train.jsonl", 8, 0.0, "is a file"),
        (tmp_path / "new", 0, 0.0, "clips must be at least 1, found 0"),
        (tmp_path / "new", 8, 1.5, "careless share must lie between 0 and 1, found 1.5"),
    ):
        with pytest.raises(UserError, match=said):
            make_faces(folder, clips=clips, seed=0, careless=careless)
    assert list(tmp_path.iterdir()) == []


def test_an_encoded_video_shows_what_it_was_given(tmp_path: Path) -> None:
    frames = np.stack([np.full((56, 84, 3), value, dtype=np.uint8) for value in (20, 80, 140, 200)])
    encode_video(tmp_path / "a.mp4", frames, fps=2)
    clip = decode(Medium("video", str(tmp_path / "a.mp4")), ClipSpec(fps=2.0))
    assert (clip.frames.shape, clip.fps) == (frames.shape, 2.0)
    assert np.abs(clip.frames.astype(int) - frames).max() <= 3


def test_nothing_is_left_of_a_drawing_that_was_interrupted(tmp_path: Path) -> None:
    def interrupt(split: str, done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_faces(tmp_path / "faces", clips=8, seed=0, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
