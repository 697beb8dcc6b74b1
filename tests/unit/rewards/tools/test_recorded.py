"""Recorded rollouts are read as samples, or refused with file, row and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rewards.sample import Shown
from rewards.tools.recorded import RolloutDataError, read_rollouts

ROW: dict[str, Any] = {
    "step": 1,
    "prompt_key": "step1-0",
    "completion": "angry",
    "task": "emotion_single",
    "prompt": "Which?",
    "answer": "angry",
    "options": ["sad", "angry"],
    "completion_ids": [4, 5],
    "finish_reason": "length",
    "reward": 0.5,
    "advantage": 1.0,
    "columns": json.dumps({"clip": 3}),
    "age": 7,
}


def write(file: Path, *rows: dict[str, Any]) -> Path:
    if file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), file)
    else:
        file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_row_is_a_sample_and_its_reward(tmp_path: Path, kind: str) -> None:
    (found,) = read_rollouts(write(tmp_path / f"step_1.{kind}", ROW))
    sample = found.sample
    assert (found.where, found.reward) == (f"step_1.{kind}, row 1", 0.5)
    assert (sample.completion, sample.task, sample.prompt, sample.answer) == ("angry", "emotion_single", "Which?", "angry")
    assert (sample.options, sample.completion_ids, sample.completion_tokens) == (("sad", "angry"), (4, 5), 2)
    assert (sample.finish_reason, found.step, sample.group) == ("length", 1, "step1-0")  # the group's name as in the run
    assert sample.columns == {"clip": 3, "age": 7}


def test_a_row_needs_nothing_but_its_completion(tmp_path: Path) -> None:
    one, other = read_rollouts(write(tmp_path / "x.jsonl", {"completion": "a"}, {"completion": "b"}))
    assert (one.sample.task, one.sample.tree, one.reward) == ("rationale", None, None)
    assert one.sample.group != other.sample.group


def test_a_folder_is_read_in_the_order_of_its_steps(tmp_path: Path) -> None:
    for step in (10, 2, 1):
        write(tmp_path / f"step_{step}.parquet", {"completion": f"c{step}"})
    assert [found.sample.completion for found in read_rollouts(tmp_path)] == ["c1", "c2", "c10"]


def test_of_a_run_its_rollouts_are_read(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"phase": "grpo"}\n')
    (tmp_path / "rollouts").mkdir()
    write(tmp_path / "rollouts" / "step_1.parquet", {"completion": "c"})
    assert [one.sample.completion for one in read_rollouts(tmp_path)] == ["c"]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_data_set_s_columns_are_kept_whatever_their_names(tmp_path: Path, kind: str) -> None:
    own = {"path": "a/b.mp4", "sample": 3, "version": "v2", "reward": "high", "parts": [1], "step": 9, "columns": "two"}
    run = {**ROW, "path": [0, 1], "sample": 0, "version": 4, "versions": [[4, 2]], "parts": "{}", "columns": json.dumps(own)}
    (found,) = read_rollouts(write(tmp_path / f"run.{kind}", run))
    assert (found.sample.columns, found.reward, found.step) == ({**own, "age": 7}, 0.5, 1)  # `age` was added to the file
    theirs = {name: own[name] for name in ("path", "sample", "version", "parts")}
    (found,) = read_rollouts(write(tmp_path / f"theirs.{kind}", {"completion": "a", "step": 2, "reward": 0.25, **theirs}))
    assert (found.sample.columns, found.reward, found.step) == (theirs, 0.25, 2)


def test_media_are_what_a_run_writes_or_paths(tmp_path: Path) -> None:
    clip = {"kind": "video", "path": "a.mp4", "start": 1.5, "end": None, "frames": [], "max_frames": 4, "held": False}
    frames = {"kind": "video", "path": "row 3", "frames": ["1.jpg", "2.jpg"]}
    rows = [{"completion": "a", "media": media} for media in ([clip, frames], ["b.mp4", "c.PNG"], None)]
    found = [one.sample.media for one in read_rollouts(write(tmp_path / "x.jsonl", *rows))]
    assert found == [
        (Shown("video", "a.mp4", start=1.5), Shown("video", "row 3", frames=("1.jpg", "2.jpg"))),
        (Shown("video", "b.mp4"), Shown("image", "c.PNG")),
        (),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"completion": "a"}\n{"text": "b"}\n', r"x\.jsonl, row 2: `completion` must be text; the row has text"),
        ('{"completion": 1}\n', r"row 1: `completion` must be text; found a number"),
        ("[1]\n", r"row 1: must be an object with `completion`, found a list"),
        ('{"completion": "a", "options": "b"}\n', r"row 1: `options` must be a list of texts, .* found 'b'; mend it"),
        (
            '{"completion": "a", "answer": {"b": 1}}\n',
            r"row 1: `answer` must be text or a list of labels, found \{'b': 1\}; mend",
        ),
        ('{"completion": "a", "covers": "{"}\n', r"row 1: `covers` is not JSON"),
        ('{"completion": "a", "covers": {"rot": true}}\n', r"row 1: `covers` has the unknown key 'rot'"),
        ('{"completion": "a", "columns": "{"}\n', r"row 1: `columns` is not JSON"),
        ('{"completion": "a", "media": "b.mp4"}\n', r"row 1: `media` must be a list, found text"),
        ('{"completion": "a", "media": [{"path": 3}]}\n', r"row 1: `media` must name files, or objects with `path` and `kind`"),
        ('{"completion": "a", "columns": "[1]"}\n', r"row 1: `columns` must be an object, found a list"),
        ("{", r"line 1: not JSON"),
        ("", r"x\.jsonl: holds no row"),
    ],
)
def test_a_row_that_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    with pytest.raises(RolloutDataError, match=said):
        read_rollouts(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    (tmp_path / "x.csv").write_text("a")
    (tmp_path / "empty").mkdir()
    for name, said in (
        ("nothing.like_it", "no such file; check the path"),
        ("x.csv", r"must end in \.parquet or \.jsonl"),
        ("torn.parquet", "cannot be read as parquet"),
        ("empty", r"no \.parquet or \.jsonl in this folder"),
    ):
        with pytest.raises(RolloutDataError, match=f"{name}: {said}"):
            read_rollouts(tmp_path / name)
