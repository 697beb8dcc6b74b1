"""The drawn data set: splits, rules, and clips that really are video."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from rewards.errors import UserError
from rewards.tree.parser import parse
from rewards.tree.writer import write
from rollout.faces import drawing as drawn
from rollout.faces.dataset import CLIP_FPS, CLIP_FRAMES, encode_video, make_faces
from rollout.faces.drawing import BROWS, COURSES, EMOTIONS, LIGHTS, Face, Identity, Performance
from rollout.media import ClipSpec, MediaError, Medium, decode, sample_indices
from rollout.rows import open_rows

SOMEONE = Identity("brown", "short", "no", "no", "light", 35)


def performances() -> list[Performance]:
    return [Performance(b, "normal", o, a, "front", li) for b, (o, a), li in product(BROWS, COURSES, LIGHTS)]


def test_no_single_cue_decides_the_emotion() -> None:
    for cue in ("brow", "onset", "apex", "light"):
        by_value: dict[str, set[str]] = {}
        for performance in performances():
            by_value.setdefault(getattr(performance, cue), set()).add(drawn.emotion_of(performance))
        assert all(len(emotions) > 1 for emotions in by_value.values()), cue


def test_one_frame_is_not_enough_for_some_classes() -> None:
    for frame in ("onset", "apex"):
        seen: dict[tuple[str, str, str], set[str]] = {}
        for p in performances():
            seen.setdefault((p.brow, getattr(p, frame), p.light), set()).add(drawn.emotion_of(p))
        assert any(len(emotions) > 1 for emotions in seen.values())


def test_every_emotion_is_drawn() -> None:
    rng = np.random.default_rng(0)
    assert {drawn.emotion_of(drawn.draw_performance(rng)) for _ in range(200)} == set(EMOTIONS)


def test_gold_trees_are_well_formed() -> None:
    for performance in performances():
        tree = drawn.gold_tree(Face(SOMEONE, performance))
        parsed = parse(write(tree, "x"))
        assert parsed.tree == tree
        assert parsed.defects == ()


def test_mouths_change_at_half_time_and_are_visible() -> None:
    smile = Performance("level", "normal", "flat", "up", "front", "bright")
    frames = drawn.draw_frames(Face(SOMEONE, smile), 8, 56, np.random.default_rng(0)).astype(float)
    within = np.abs(frames[0] - frames[3]).mean()
    across = np.abs(frames[0] - frames[4]).mean()
    assert across > within


def test_splits_share_no_identity_and_clips_decode(faces: Path) -> None:
    people: dict[str, set[tuple[str, ...]]] = {}
    for split in ("train", "val", "test"):
        rows = open_rows(faces / f"{split}.jsonl")
        assert {"attribute_open", "attribute_closed", "emotion_single", "emotion_fine", "action_units", "rationale"} <= set(
            rows.tasks()
        )
        clip = decode(rows[0].media[0], ClipSpec(fps=2.0))
        assert clip.frames.shape == (4, 56, 56, 3)
        assert clip.fps == 2.0
        for index in rows.indices_by_task()["rationale"]:
            tree = parse(rows[index].tree or "").tree
            people.setdefault(split, set()).add(tuple(a.value for a in tree.attributes()))


def test_identities_of_splits_are_disjoint() -> None:
    from rollout.faces.dataset import _people_by_split

    parts = _people_by_split({"train": 400, "val": 200, "test": 200}, np.random.default_rng(1))
    sets = [set(people) for people in parts.values()]
    assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_the_same_seed_draws_the_same_rows(tmp_path: Path) -> None:
    texts = [(make_faces(tmp_path / name, clips=8, seed=5).directory / "train.jsonl").read_text() for name in ("a", "b")]
    assert texts[0] == texts[1]


def test_a_folder_with_files_is_not_overwritten(faces: Path) -> None:
    with pytest.raises(UserError, match="not empty"):
        make_faces(faces, clips=8, seed=0)


def test_large_videos_go_through_the_same_decoder(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (30, 1080, 1920, 3), dtype=np.uint8)
    encode_video(tmp_path / "large.mp4", frames, fps=30)
    clip = decode(Medium("video", str(tmp_path / "large.mp4")), ClipSpec(fps=4.0, max_pixels=100_352))
    assert clip.frames.shape[0] == 4
    assert clip.frames.shape[1] * clip.frames.shape[2] <= 100_352


def test_frame_counts_are_even_and_bounded() -> None:
    assert sample_indices(CLIP_FRAMES, CLIP_FPS, ClipSpec(fps=2.0)) == [0, 2, 4, 6]
    assert len(sample_indices(10_000, 30.0, ClipSpec(fps=2.0, max_frames=16))) == 16
    assert sample_indices(1, 30.0, ClipSpec()) == [0, 0]


@pytest.mark.parametrize("content", [b"", b"not a video at all"])
def test_unreadable_videos_are_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.mp4"):
        decode(Medium("video", str(file)), ClipSpec())
    with pytest.raises(MediaError, match="no such video"):
        decode(Medium("video", str(tmp_path / "absent.mp4")), ClipSpec())


def test_nothing_is_left_of_a_drawing_that_was_interrupted(tmp_path: Path) -> None:
    def interrupt(split: str, done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_faces(tmp_path / "faces", clips=8, seed=0, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
