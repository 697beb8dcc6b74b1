"""Rows that are wrong are refused with file, row, key and what to do; mixes are deterministic."""

import json
from itertools import islice
from pathlib import Path

import pytest

from rollout.mixing import mixed_indices, spread
from rollout.rows import RowError, open_rows

ASK = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]}


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
