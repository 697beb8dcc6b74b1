"""Files of rows: what is read, and what is refused with the file's name, the line and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rollout.row_files import RowError, read_table
from tests.unit.rollout.row_writing import ASK, write


def test_rows_are_read_from_lines_a_list_and_parquet(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", ASK, ASK)
    (tmp_path / "a.json").write_text(json.dumps([ASK, ASK], indent=1))
    pq.write_table(pa.Table.from_pylist([ASK, ASK]), tmp_path / "a.parquet")
    for file in (lines, tmp_path / "a.json", tmp_path / "a.parquet"):
        assert read_table(file).to_list() == [ASK, ASK]


def test_files_are_read_whatever_their_path_and_marks(tmp_path: Path) -> None:
    folder = tmp_path / "part [1] of 2"
    folder.mkdir()
    assert len(read_table(write(folder / "rows.jsonl", ASK))) == 1
    marked = tmp_path / "marked.jsonl"
    marked.write_bytes(b"\xef\xbb\xbf" + json.dumps(ASK).encode() + b"\r\n\r\n" + json.dumps(ASK).encode())
    assert len(read_table(marked)) == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("absent.jsonl", None, "no such file; check the path"),
        ("rows.csv", "a,b", "rows are read from .jsonl, .json or .parquet, found '.csv'; convert it"),
        ("a::b.jsonl", "{}", "paths of rows may not hold '::'"),
        ("to$day.jsonl", "{}", "paths of rows may not hold '$'"),
        ("empty.jsonl", "", "the data set is empty; write at least one row"),
        ("blank.jsonl", "\n \n", "the data set is empty"),
        ("nothing.jsonl", "{}\n{}\n", "the data set is empty"),
        ("broken.jsonl", json.dumps(ASK) + "\n{not json", "line 2"),
        ("first.jsonl", "{not json\n", "line 1: not JSON ("),
        ("text.jsonl", json.dumps(ASK) + '\n"a"\n', "line 2: must be a JSON object, found text; write one row a line, such as"),
        ("list.json", '[{"a": 1}, 3]', "row 2: must be an object, found a number; mend or remove it"),
        ("list.json", '[{"a": 1}', "not JSON ("),
        ("rows.parquet", "PAR1", "cannot be read as rows ("),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    with pytest.raises(RowError) as error:
        read_table(file)
    assert str(error.value).startswith(str(file))
    assert said in str(error.value)


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="is a folder; give a file"):
        read_table(tmp_path)
