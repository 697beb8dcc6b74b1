"""Rows are the same wherever they lie; any other row shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rollout.rows.content import Content, FileContent, content_of, difference
from rollout.rows.data_set import DataSet
from rollout.rows.sets import open_sets
from rollout.rows.table import open_table

ROWS = [{"messages": [{"role": "user", "content": f"What is {number}?"}], "answer": str(number)} for number in range(6)]


def write(folder: Path, *files: tuple[str, list[dict[str, object]]]) -> Path:
    for name, rows in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def contents(folder: Path) -> dict[str, Content]:
    return dict(open_sets([DataSet(directory=folder)], 0.3).contents)


def test_every_split_has_a_content_which_moves_with_it(tmp_path: Path) -> None:
    parts = (("train/a.jsonl", ROWS[:2]), ("train/b/c.jsonl", ROWS[2:4]), ("test.jsonl", ROWS[4:]))
    here = contents(write(tmp_path / "here", *parts))
    assert list(here) == ["train", "test"]
    assert [(file.name, file.rows) for file in here["train"].files] == [("a.jsonl", 2), ("b/c.jsonl", 2)]
    (tmp_path / "here").rename(tmp_path / "there")
    there = contents(tmp_path / "there")
    assert here == there
    named = {split: str(tmp_path / "there" / split) + ("" if split == "train" else ".jsonl") for split in ("train", "test")}
    sets = open_sets([DataSet("one", None, named)], 0.3).contents
    assert {split: one.digest for split, one in sets.items()} == {f"one/{split}": here[split].digest for split in here}


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_what_is_between_rows_does_not_matter(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + (f"{end or chr(10)}".join(map(json.dumps, ROWS)) + end).encode())
    (tmp_path / "b.json").write_text(f"[\n {', '.join(map(json.dumps, ROWS))}]")
    assert open_table(tmp_path / "a.jsonl").digest() == open_table(tmp_path / "b.json").digest()


def test_rows_that_are_cut_otherwise_or_changed_show(tmp_path: Path) -> None:
    rows = ['{"a": 1}', '{"b": 2}']
    digests = set()
    for number, lines in enumerate((rows, rows[::-1], rows[:1], ['{"a": 1}', '{"b": 3}'], ["".join(rows)])):
        (tmp_path / f"{number}.jsonl").write_text("\n".join(lines))
        digests.add(open_table(tmp_path / f"{number}.jsonl").digest())
    assert len(digests) == 5


def test_tables_are_known_by_their_files(tmp_path: Path) -> None:
    from datasets import Dataset

    for name, rows in (("a", ROWS), ("b", ROWS), ("c", ROWS[1:])):
        made = Dataset.from_list(rows)
        made.to_parquet(tmp_path / f"{name}.parquet")
        made.save_to_disk(tmp_path / name)
    (tmp_path / "b" / "cache-1.arrow").write_bytes(b"what datasets keeps for itself")
    for suffix in (".parquet", ""):
        a, b, c = (open_table(tmp_path / f"{name}{suffix}").digest() for name in "abc")
        assert a == b != c


def of(*files: tuple[str, int, str]) -> Content:
    return Content(tuple(FileContent(*file) for file in files))


def test_a_difference_names_files() -> None:
    before = of(("a", 2, "x"), ("b", 3, "y"))
    assert difference(before, of(("c", 2, "x"), ("d", 3, "y"))) is None  # renamed
    assert difference(before, of(("b", 3, "y"), ("a", 2, "x"))) == "5 rows before, 5 now: files in another order"
    assert difference(before, of(("a", 2, "x"), ("b", 4, "z"))) == "5 rows before, 6 now: changed: b (3 rows, now 4)"
    other = of(("a", 2, "x"), *((f"c{number}", 1, "v") for number in range(5)))
    assert difference(before, other) == (
        "5 rows before, 7 now: added: c0 (1 rows), c1 (1 rows), c2 (1 rows) and 2 more; gone: b (3 rows)"
    )


def test_contents_of_parts_are_in_their_order(tmp_path: Path) -> None:
    rows = open_sets([DataSet(directory=write(tmp_path, ("train.jsonl", ROWS), ("test.jsonl", ROWS[:1])))], 0.3).files
    assert content_of(rows.parts).rows == len(ROWS) + 1
