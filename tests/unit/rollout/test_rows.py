"""Rows that are wrong are refused with file, row, key and what to do; mixes are deterministic."""

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from rewards.tools.reward_hacks import GOLD
from rewards.tree.writer import write as write_tree
from rollout.faces.dataset import encode_video
from rollout.media import ClipSpec, MediaError, Medium, decode
from rollout.mixing import mixed_indices, mixed_tasks, spread
from rollout.rows import RowError, open_rows

ASK = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]}

TREE = write_tree(GOLD)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_a_plain_row_is_read(tmp_path: Path) -> None:
    row = open_rows(write(tmp_path / "rows.jsonl", ASK))[0]
    assert (row.question, row.reference, row.answer, row.task) == ("hello", "hi", "hi", "qa")


def refused(path: Path, *words: str) -> None:
    with pytest.raises(RowError) as error:
        open_rows(path)
    for word in (path.name, *words):
        assert word in str(error.value)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.jsonl", "no such file")
    refused(write(tmp_path / "empty.jsonl"), "empty")
    refused(write(tmp_path / "broken.jsonl", ASK, "{not json"), "line 2")
    refused(write(tmp_path / "other.jsonl", {"text": "x"}), "messages")


def test_bad_rows_are_refused(tmp_path: Path) -> None:
    asks_for_video = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": []}
    refused(write(tmp_path / "a.jsonl", ASK, {**asks_for_video}), "row 2", "`videos`", "asks for 1", "found 0")
    absent = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["absent.mp4"]}
    refused(write(tmp_path / "b.jsonl", absent), "row 1", "absent.mp4", "does not exist")
    (tmp_path / "text.mp4").write_text("not a video")
    asks_for_image = {"messages": [{"role": "user", "content": "<image>what?"}], "videos": ["text.mp4"], "images": []}
    refused(write(tmp_path / "e.jsonl", ASK, asks_for_image), "row 2", "`videos`", "asks for 0", "found 1")
    no_image = {"messages": [{"role": "user", "content": "<image>what?"}], "images": ["text.png"]}
    (tmp_path / "text.png").write_text("not an image")
    refused(write(tmp_path / "f.jsonl", ASK, no_image), "row 2", "`images`", "text.png", "not a readable image")
    for number, images in enumerate(([None], [{"path": "a.png"}])):
        bad = {"messages": [{"role": "user", "content": "<image>what?"}], "images": images}
        refused(write(tmp_path / f"g{number}.jsonl", ASK, bad), "row 2", "`images`", "paths of files")
    hidden = {"messages": [{"role": "user", "content": "<|image_pad|>what?"}]}
    refused(write(tmp_path / "h.jsonl", ASK, hidden), "row 2", "`messages`", "<|image_pad|>")
    unreadable = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["text.mp4"]}
    refused(write(tmp_path / "d.jsonl", unreadable), "row 1", "text.mp4", "not a readable video")
    no_user = {"messages": [{"role": "assistant", "content": "hi"}]}
    refused(write(tmp_path / "c.jsonl", no_user), "row 1", "no user turn")


def test_a_row_without_a_task_is_one_of_questions(tmp_path: Path) -> None:
    for name, rows in (("some", [{**ASK, "task": "emotion"}, ASK]), ("null", [{**ASK, "task": None}, {**ASK, "task": ""}])):
        opened = open_rows(write(tmp_path / f"{name}.jsonl", *rows))
        assert opened.tasks()[1] == opened[1].task == "qa"
        assert opened.indices_by_task()["qa"][-1] == 1


def test_a_column_may_begin_late(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "x" * 2000}], "task": "attribute_open", "tree": None}
    lines = [json.dumps(row)] * 9000 + [json.dumps({**row, "task": "rationale", "tree": TREE})]
    rows = open_rows(write(tmp_path / "late.jsonl", *lines))
    assert (rows[0].tree, rows[9000].tree, rows[9000].task) == (None, TREE, "rationale")


def test_files_are_read_whatever_their_path_and_marks(tmp_path: Path) -> None:
    folder = tmp_path / "part [1] of 2"
    folder.mkdir()
    assert len(open_rows(write(folder / "rows.jsonl", ASK))) == 1
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + json.dumps(ASK).encode() + b"\r\n\r\n" + json.dumps(ASK).encode())
    assert len(open_rows(marked)) == 2
    (tmp_path / "list.json").write_text(json.dumps([ASK, ASK], indent=1))
    assert len(open_rows(tmp_path / "list.json")) == 2
    (tmp_path / "to$day").mkdir()
    refused(write(tmp_path / "to$day" / "rows.jsonl", ASK), "may not hold '$'")


def test_frames_of_another_size_are_scaled_to_the_first_ones(tmp_path: Path) -> None:
    parts = []
    for name, size, value in (("small", 56, 40), ("large", 112, 200)):
        encode_video(tmp_path / f"{name}.ts", np.full((8, size, size, 3), value, dtype=np.uint8), fps=4)
        parts.append((tmp_path / f"{name}.ts").read_bytes())
    (tmp_path / "both.ts").write_bytes(b"".join(parts))  # as a transport stream may be put together
    frames = decode(Medium("video", str(tmp_path / "both.ts")), ClipSpec(fps=4.0)).frames
    assert frames.shape == (16, 56, 56, 3)
    assert frames[0].mean() < 60 < 180 < frames[-1].mean()


def test_a_damaged_medium_is_refused_with_its_name(faces: Path, tmp_path: Path) -> None:
    whole = min((faces / "videos").iterdir()).read_bytes()
    draw = random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        file = tmp_path / "clip.mp4"
        file.write_bytes(damaged[: draw.randrange(len(damaged))] if draw.random() < 0.3 else damaged)
        try:
            decode(Medium("video", str(file)), ClipSpec())
        except MediaError as error:
            assert str(file) in str(error)


def test_tasks_that_a_mix_draws(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    assert mixed_tasks(rows, {"attribute_*": 1.0, "faces/ER_fine": 1.0, "rationale": 0.0}) == [
        "attribute_closed",
        "attribute_open",
        "emotion_fine",
    ]


def test_mixes_repeat_and_follow_their_weights(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    mix = {"rationale": 3.0, "faces/QA_hat": 1.0}
    drawn = list(islice(mixed_indices(rows, mix, seed=1), 400))
    assert drawn == list(islice(mixed_indices(rows, mix, seed=1), 400))
    assert drawn != list(islice(mixed_indices(rows, mix, seed=2), 400))
    rationales = sum(rows[i].task == "rationale" for i in drawn)
    assert 250 < rationales < 350
    with pytest.raises(RowError, match="nothing_like_it"):
        mixed_indices(rows, {"nothing_like_it": 1.0}, seed=0)


def test_each_row_comes_once_an_epoch(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    pool = rows.indices_by_task()["rationale"]
    assert sorted(islice(mixed_indices(rows, {"rationale": 1.0}, seed=0), len(pool))) == pool


def test_spread_is_stable() -> None:
    assert spread(range(100), 10) == spread(range(100), 10)
    assert spread(range(5), 10) == [0, 1, 2, 3, 4]
