"""Files of rows: what is read, and what is refused with the file's name, the line and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rollout.rows.json_rows
from rollout.rows.row import RowError
from rollout.rows.table import NoRow, first_of, open_table, reopen_table
from tests.unit.rollout.row_writing import ASK, write

ODD = [{"a": 1}, {"b": "ü \u2028 ] } \\"}, {"c": [1, {"d": None}], "e": "x" * 500}, {}]
"""Rows with what a list of JSON is written with inside of their texts."""


def read(path: Path) -> list[dict[str, Any] | NoRow]:
    table = open_table(path)
    return list(table.read(range(len(table))))


def test_rows_are_read_from_lines_a_list_and_parquet(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", ASK, ASK)
    (tmp_path / "a.json").write_text(json.dumps([ASK, ASK], indent=1))
    (tmp_path / "lines.json").write_text(lines.read_text())
    pq.write_table(pa.Table.from_pylist([ASK, ASK]), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.json", "lines.json", "a.parquet"):
        assert read(tmp_path / name) == [ASK, ASK]


def test_a_folder_that_datasets_wrote_is_read_with_its_own_types(tmp_path: Path) -> None:
    from datasets import Dataset

    rows = [{"id": number, "when": None if number < 3 else "now"} for number in range(5)]
    Dataset.from_list(rows).select([4, 1, 2]).save_to_disk(tmp_path / "set", num_shards=2)
    assert read(tmp_path / "set") == [rows[4], rows[1], rows[2]]


def test_class_labels_are_read_by_their_names(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, List, Value

    label = ClassLabel(names=["sad", "happy"])
    inner = {"label": label, "all": List(label), "said": Value("string")}
    features = Features({"answer": label, "several": List(label), "within": inner, "deep": List({"all": List(label)})})
    rows = [
        {
            "answer": 1,
            "several": [0, 1],
            "within": {"label": 0, "all": [0, 1], "said": "1"},
            "deep": [{"all": [0]}, {"all": [1]}],
        },
        dict.fromkeys(features),
    ]
    made = Dataset.from_list(rows, features=features)
    made.save_to_disk(tmp_path / "set")
    made.to_parquet(tmp_path / "set.parquet")
    for name in ("set", "set.parquet"):
        first, second = read(tmp_path / name)
        assert first == {
            "answer": "happy",
            "several": ["sad", "happy"],
            "within": {"label": "sad", "all": ["sad", "happy"], "said": "1"},
            "deep": [{"all": ["sad"]}, {"all": ["happy"]}],
        }
        assert not isinstance(second, NoRow) and second["answer"] is None


def test_a_class_without_a_name_spoils_its_row_alone(tmp_path: Path) -> None:
    about = {"info": {"features": {"answer": {"_type": "ClassLabel", "names": ["sad", "happy"]}}}}
    table = pa.table({"answer": [1, 7, -1]}).replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, tmp_path / "rows.parquet")
    said = "class 7 has no name among 2; mend or remove it"
    assert read(tmp_path / "rows.parquet") == [{"answer": "happy"}, NoRow(said, None, "answer"), {"answer": None}]


def test_a_key_that_stands_twice_in_a_row_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": {"b": 1, "b": 2}}\n{"a": 1}\n')
    assert read(tmp_path / "rows.jsonl") == [NoRow("has the key `b` twice; keep one of them", None), {"a": 1}]


def test_a_value_that_cannot_be_read_spoils_its_row_alone(tmp_path: Path) -> None:
    said = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"a\xffc")])
    far = pa.array([0, 0, 2**62], pa.timestamp("us"))
    pq.write_table(pa.table({"said": said, "when": far}), tmp_path / "odd.parquet")
    first, second, third = read(tmp_path / "odd.parquet")
    assert not isinstance(first, NoRow) and first["said"] == "a"
    assert isinstance(second, NoRow) and (second.key, second.said[:14]) == ("said", "cannot be read")
    assert isinstance(third, NoRow) and (third.key, third.said[:14]) == ("when", "cannot be read")


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table([[1], [2]], names=["answer", "answer"]), tmp_path / "twice.parquet")
    with pytest.raises(RowError, match="has two columns `answer`; rename or remove one"):
        read(tmp_path / "twice.parquet")


@pytest.mark.parametrize("path", ["part [1] of 2", "a::b", "$HOME"])
def test_files_are_read_whatever_their_path(tmp_path: Path, path: str) -> None:
    (tmp_path / path).mkdir()
    pq.write_table(pa.Table.from_pylist([ASK]), tmp_path / path / "rows.parquet")
    assert read(write(tmp_path / path / "rows.jsonl", ASK)) == read(tmp_path / path / "rows.parquet") == [ASK]


def test_marks_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + json.dumps(ASK).encode() + b"\r\n\r\n  " + json.dumps(ASK).encode())
    assert read(marked) == [ASK, ASK]
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf\n [" + json.dumps(ASK).encode() + b"]\n")
    assert read(tmp_path / "marked.json") == [ASK]


@pytest.mark.parametrize("window", [64, 100, 2**24])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_is_read_in_windows_as_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int, indent: int | None
) -> None:
    monkeypatch.setattr(rollout.rows.json_rows, "_WINDOW", window)
    file = tmp_path / "rows.json"
    for ascii_only in (True, False):
        file.write_text(json.dumps(ODD * 3, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
        assert read(file) == ODD * 3
        assert list(first_of(file).read([0])) == ODD[:1]


def test_rows_are_found_again_where_they_are_known_to_be(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *ODD)
    table = open_table(file)
    again = reopen_table(file, table.begin, table.end)  # type: ignore[attr-defined]
    assert list(again.cut(1, 4).read([2, 0])) == [ODD[3], ODD[1]]
    file.write_text("changed")
    with pytest.raises(RowError, match=r"rows\.jsonl: has changed since its rows were looked at; start again"):
        list(again.read([0]))


def test_a_list_that_breaks_off_has_the_rows_before(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    for text in ('[{"a": 1}, {"a": 2}, {"a"', '[{"a": 1}, {"a": 2}, oh no {"a": 3}]', '[{"a": 1}, {"a": 2}'):
        file.write_text(text)
        *rows, last = read(file)
        assert rows == [{"a": 1}, {"a": 2}]
        assert isinstance(last, NoRow)
        assert last.said.startswith("not JSON (")
    file.write_text('[{"a": 1}]]')
    assert isinstance(read(file)[1], NoRow)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("broken.jsonl", json.dumps(ASK) + "\n\n{not json", (3, "not JSON (")),
        ("text.jsonl", json.dumps(ASK) + '\n"a"\n', (2, "must be a JSON object, found text; write one row a line, such as")),
        ("list.json", "[{}, \n3]", (None, "must be a JSON object, found a number; mend or remove it")),
    ],
)
def test_what_is_no_row_is_told_with_its_line(tmp_path: Path, name: str, text: str, said: tuple[int | None, str]) -> None:
    (tmp_path / name).write_text(text)
    bad = read(tmp_path / name)[1]
    assert isinstance(bad, NoRow)
    assert bad.line == said[0]
    assert bad.said.startswith(said[1])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("absent.jsonl", None, "no such file; check the path"),
        ("rows.csv", "a,b", "rows are read from .jsonl, .json or .parquet, found '.csv'; convert it"),
        ("empty.jsonl", "", "the data set is empty; write at least one row"),
        ("blank.jsonl", "\n \n", "the data set is empty"),
        ("empty.json", "[ ]", "the data set is empty"),
        ("empty.parquet", "", "the data set is empty"),
        ("rows.parquet", "PAR1", "cannot be read as rows ("),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    with pytest.raises(RowError) as error:
        open_table(file)
    assert str(error.value).startswith(str(file))
    assert said in str(error.value)


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="is a folder; give a file"):
        open_table(tmp_path)
