"""Files, folders and patterns become splits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rl.config.schema import Config
from rl.data_check.opening import Opened, open_config, open_named, split_of
from rollout.rows.progress import SILENT
from rollout.rows.reading import Reading
from tests.unit.rollout.row_writing import ASK, write


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFECTREE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("rows/train.jsonl", "train"),
        ("jsons/test/qa/full/a.json", "test"),
        ("train_v2/mafw-validation.parquet", "val"),
        ("dev/rows.json", "val"),
        ("test_of_mine/rows.jsonl", ""),
        ("test/train/rows.jsonl", "train"),
        ("training.jsonl", ""),
        ("values.jsonl", ""),
    ],
)
def test_a_path_names_its_split_by_a_word_of_the_file_or_by_a_folder(file: str, split: str) -> None:
    assert split_of(Path(file)) == split


def counts(opened: Opened) -> dict[str, int]:
    return {split.name: len(split.rows) for split in opened.splits}


def test_files_of_one_split_are_one_set_of_rows(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, rows in {"a/train_1.jsonl": 1, "a/train_2.jsonl": 2, "a/test.jsonl": 3, "more.jsonl": 4}.items():
        write(tmp_path / name, *[ASK] * rows)
    opened = open_named([str(tmp_path / "a" / "*.jsonl"), str(tmp_path / "more.jsonl")], Reading(), SILENT)
    named = {"train": 3, "test": 3, "": 4}
    assert counts(opened) == named
    assert len(opened.files) == 10


def test_a_folder_that_is_laid_out_for_a_run_has_its_splits(tmp_path: Path) -> None:
    for split, rows in {"train": 4, "val": 1, "test": 2}.items():
        write(tmp_path / f"{split}.jsonl", *[ASK] * rows)
    assert counts(open_named([str(tmp_path)], Reading(), SILENT)) == {"train": 4, "val": 1, "test": 2}
    config = Config()
    config.data.directory = str(tmp_path)
    assert counts(open_config(config.data, SILENT)) == {"train": 4, "val": 1, "test": 2}


def test_what_a_run_holds_out_is_a_split_of_its_own(tmp_path: Path) -> None:
    rows = [{**ASK, "messages": [{**ASK["messages"][0], "content": str(number)}]} for number in range(40)]
    write(tmp_path / "train.jsonl", *rows)
    write(tmp_path / "test.jsonl", json.dumps(ASK))
    config = Config()
    config.data.directory, config.data.holdout = str(tmp_path), 0.2
    opened = open_config(config.data, SILENT)
    found = counts(opened)
    assert found["train"] + found["val"] == 40 and found["val"] > 0
    assert len(opened.files) == 41
