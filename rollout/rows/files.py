"""Which files a split is made of: those of a file's name, a folder, a pattern, or the layout of a data set's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from rewards.files import why_unreadable
from rollout.rows.row import RowError
from rollout.rows.table import SUFFIXES, is_dataset_folder

SPLITS = ("train", "val", "test")
_CALLED = {"train": ("train",), "val": ("val", "validation"), "test": ("test",)}
"""What the files of a split are called; the hub calls val `validation`."""
_RICHEST = {"train": ("full", "sampled"), "test": ("sampled", "full")}
"""Which of Emo-CFG's folders a split is read from: the first one that has files."""

_SEVERAL = "dataset_dict.json"
"""What a folder has that `datasets.DatasetDict.save_to_disk` wrote."""
_ABOUT = ("dataset_info.json", "dataset_infos.json", _SEVERAL)
"""Files of Hugging Face folders that hold no rows."""


@dataclass(frozen=True)
class SplitFiles:
    """The files of a split."""

    files: Sequence[Path]
    row_format: str | None = None
    """The format that the folder's layout tells; None where it tells none."""
    media_root: Path | None = None
    """The folder that relative media paths start from, by the layout; None for each file's own."""


def named_files(named: str | Path) -> list[Path]:
    """The files of a name: a file, a folder of files, a dataset folder, or a pattern such as `jsons/train/*/full/*.json`.

    Raises:
        RowError: if there is none.
    """
    try:
        return _named(named, Path(named))
    except OSError as error:  # a folder on the way that may not be looked into
        raise RowError(f"{named}: {why_unreadable(Path(named), error)}") from error


def _named(named: str | Path, path: Path) -> list[Path]:
    if path.is_file() or is_dataset_folder(path):
        return [path]
    if path.is_dir():
        if found := _rows_below(path):
            return found
        raise RowError(f"{path}: holds no .jsonl, .json or .parquet; name the folder or the file that does")
    if has_magic(str(named)):
        found = sorted(Path(name) for name in glob(str(named), recursive=True))  # noqa: PTH207 (a Path globs below a folder only)
        if usable := [one for one in found if is_dataset_folder(one) or (one.is_file() and one.suffix in SUFFIXES)]:
            return usable
        what = f"fits {found[0]}, but no .jsonl, .json or .parquet" if found else "no file fits this pattern"
        raise RowError(f"{named}: {what}; check the path, and quote the pattern on the command line")
    raise RowError(f"{path}: {why_unreadable(path, FileNotFoundError())}")


def split_files(directory: Path, split: str) -> SplitFiles | None:
    """The files of a split in a data set's folder; None if it has none.

    `train.jsonl`, `train.json`, `train.parquet`, a folder `train`, or shards such as `train-00000-of-00002.parquet`, there or in
    `data/`; or the folder is laid out as Emo-CFG is.
    """
    if (directory / "jsons" / "train").is_dir():
        return _emo_cfg(directory, split)
    for name in _CALLED[split]:
        if single := next((file for suffix in SUFFIXES if (file := directory / f"{name}{suffix}").is_file()), None):
            return SplitFiles([single])
        folder = directory / name
        if is_dataset_folder(folder):
            return SplitFiles([folder])
        if folder.is_dir() and (found := _rows_below(folder)):
            return SplitFiles(found)
        for place in (directory, directory / "data"):
            if found := sorted(file for file in place.glob(f"{name}-*") if file.is_file() and file.suffix in SUFFIXES):
                return SplitFiles(found)
    return None


def _emo_cfg(directory: Path, split: str) -> SplitFiles | None:
    """Emo-CFG's files: `jsons/{train,test}/<folder>/{full,sampled}/**/*.json`."""
    if split not in _RICHEST:
        return None
    found: list[Path] = []
    for folder in sorted((directory / "jsons" / split).glob("*/")):
        found += next((files for name in _RICHEST[split] if (files := _rows_below(folder / name))), [])
    return SplitFiles(found, "emo_cfg", directory) if found else None


def _rows_below(folder: Path) -> list[Path]:
    if (folder / _SEVERAL).is_file():
        raise RowError(f"{folder}: holds the splits of a DatasetDict; name one of its folders, or the whole as data.directory")
    files = (file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.name not in _ABOUT and file.is_file())
    return sorted(file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts))
