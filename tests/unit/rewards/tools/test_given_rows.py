"""Rows of a data set to check a scorer with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rewards.tools.given_rows import read_given_rows
from rewards.tools.recorded import RolloutDataError

ROWS: list[dict[str, Any]] = [
    {"task": "qa", "prompt": "Which?", "answer": "B", "options": ["happy", "sad"], "clip": 3},
    {"problem_type": "multiple choice", "solution": "<answer>A</answer>"},
]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
def test_rows_of_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        whole = [{key: row.get(key) for key in {**ROWS[0], **ROWS[1]}} for row in ROWS]  # a table has every column in every row
        pq.write_table(pa.Table.from_pylist(whole), file)
    else:
        file.write_text(json.dumps(ROWS) if kind == "json" else "\n".join(map(json.dumps, ROWS)))
    first, second = read_given_rows(file, "rationale")
    assert (first.task, first.prompt, first.answer, first.options) == ("qa", "Which?", "B", ("happy", "sad"))
    assert first.columns["clip"] == 3
    assert (second.task, second.answer) == ("rationale", "A")
    assert second.columns["problem_type"] == "multiple choice"
    assert second.columns["solution"] == "<answer>A</answer>"
    assert first.completion == second.completion == ""


def row(tmp_path: Path, **columns: Any) -> Any:
    file = tmp_path / "row.jsonl"
    file.write_text(json.dumps(columns))
    return read_given_rows(file, "rationale")[0]


def test_a_data_set_s_columns_are_kept_whatever_their_names(tmp_path: Path) -> None:
    own = {
        "path": "a/b.mp4",
        "sample": 3,
        "version": "v2",
        "reward": "high",
        "step": 9,
        "media": 1,
        "columns": "two",
        "prompt_key": 0,
    }
    assert row(tmp_path, answer="sad", **own).columns == own


def test_a_conversation_has_question_and_gold(tmp_path: Path) -> None:
    tree = "<tree>\nattribute:\na1 hair: brown\n</tree>\n<answer>sad</answer>"
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": tree}]
    found = row(tmp_path, messages=turns)
    assert (found.prompt, found.answer, found.tree) == ("Why?", "sad", tree)
    assert found.columns["messages"] == turns
    assert row(tmp_path, messages=turns, answer="angry").answer == "angry"
    assert row(tmp_path, messages=turns[:1]).answer is None
    for odd in ("text", [3], [{"role": "user", "content": [{"type": "video"}]}], None):
        assert row(tmp_path, messages=odd).prompt == ""


def test_the_first_twenty_rows_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("{}\n" * 30)
    assert len(read_given_rows(file, "qa")) == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no row; give a file with rows"),
        ("3", "must be an object"),
        ('{"tree": 3}', "`tree` must be text, found a number"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(RolloutDataError, match=f"rows.jsonl.*{said}"):
        read_given_rows(file, "qa")
