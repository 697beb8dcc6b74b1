"""Which files a split is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.rows.files import SplitFiles, named_files, split_files
from rollout.rows.row import RowError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, split: str) -> list[str] | None:
    found = split_files(folder, split)
    return found and [str(file.relative_to(folder)) for file in found.files]


@pytest.mark.parametrize(
    ("there", "train"),
    [
        (["train.jsonl", "train.parquet", "train/a.json"], ["train.jsonl"]),
        (["train.json", "train.csv"], ["train.json"]),
        (["train/b.jsonl", "train/sub/a.json", "train/readme.md", "train/.hidden.json"], ["train/b.jsonl", "train/sub/a.json"]),
        (["train/state.json", "train/dataset_info.json"], ["train"]),
        (
            ["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet", "data/test-0-of-1.parquet"],
            ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        ),
        (["test.jsonl"], None),
    ],
)
def test_a_folders_split_is_found(tmp_path: Path, there: list[str], train: list[str] | None) -> None:
    make(tmp_path, *there)
    assert names(tmp_path, "train") == train


def test_val_is_called_validation_by_the_hub(tmp_path: Path) -> None:
    make(tmp_path, "validation.parquet")
    assert names(tmp_path, "val") == ["validation.parquet"]


def test_the_layout_of_emo_cfg_is_known(tmp_path: Path) -> None:
    make(
        tmp_path,
        "jsons/train/attribute/full/a/CelebV.json",
        "jsons/train/attribute/sampled/x.json",
        "jsons/train/qa/sampled/q.json",
    )
    make(tmp_path, "jsons/test/attribute/full/x.json", "jsons/test/attribute/sampled/t.json", "jsons/test/qa/full/u.json")
    assert names(tmp_path, "train") == ["jsons/train/attribute/full/a/CelebV.json", "jsons/train/qa/sampled/q.json"]
    assert names(tmp_path, "test") == ["jsons/test/attribute/sampled/t.json", "jsons/test/qa/full/u.json"]
    assert split_files(tmp_path, "val") is None
    assert split_files(tmp_path, "test") == SplitFiles(
        [tmp_path / "jsons/test/attribute/sampled/t.json", tmp_path / "jsons/test/qa/full/u.json"], "emo_cfg", tmp_path
    )


def test_names_are_files_folders_and_patterns(tmp_path: Path) -> None:
    make(tmp_path, "a.jsonl", "b/c.json", "b/d.txt", "b/e/f.parquet", "odd [1].json")
    assert named_files(tmp_path / "a.jsonl") == [tmp_path / "a.jsonl"]
    assert named_files(tmp_path / "b") == [tmp_path / "b/c.json", tmp_path / "b/e/f.parquet"]
    assert named_files(f"{tmp_path}/**/*.json*") == [tmp_path / name for name in ("a.jsonl", "b/c.json", "odd [1].json")]
    assert named_files(f"{tmp_path}/odd [1].json") == [tmp_path / "odd [1].json"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.json", "no such file; did you mean"),
        ("empty", "holds no .jsonl, .json or .parquet; name the folder or the file that does"),
        ("*.xml", "no file fits this pattern; check the path, and quote the pattern on the command line"),
        ("*.txt", "d.txt, but no .jsonl, .json or .parquet"),
    ],
)
def test_what_names_no_rows_is_refused(tmp_path: Path, name: str, said: str) -> None:
    make(tmp_path, "a.jsonl", "d.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RowError) as error:
        named_files(tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: ")
    assert said in str(error.value)


def test_the_splits_of_a_dataset_dict_are_named_one_by_one(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    rows = Dataset.from_list([{"id": 1}])
    DatasetDict({"train": rows, "test": rows}).save_to_disk(tmp_path / "all")
    assert split_files(tmp_path / "all", "train") == SplitFiles([tmp_path / "all" / "train"])
    assert named_files(tmp_path / "all" / "test") == [tmp_path / "all" / "test"]
    with pytest.raises(RowError, match="holds the splits of a DatasetDict; name one of its folders"):
        named_files(tmp_path / "all")
