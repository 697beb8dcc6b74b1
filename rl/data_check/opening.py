"""Which rows are checked: those of a configuration's data sets, or of files, folders and patterns, told apart by their splits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rl.config.data_sets import data_sets
from rl.config.schema import DataConfig
from rl.data_check.batch import Split
from rollout.rows.data import RowData
from rollout.rows.data_set import DataSet
from rollout.rows.files import SPLITS, SplitFiles, named_files
from rollout.rows.part import Part, open_part
from rollout.rows.progress import Telling
from rollout.rows.reading import Reading
from rollout.rows.rejects import Reject
from rollout.rows.sets import open_sets

_WORD = re.compile(r"[a-z]+")
_CALLED = {"train": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test"}
"""What a split is called, here and by others -> the split."""


@dataclass(frozen=True)
class Opened:
    """The rows of a data set."""

    splits: tuple[Split, ...]
    """Those that can be read."""
    files: RowData
    """The rows of all files, each once."""

    def kept(self) -> list[Reject]:
        """What an earlier check has found and what is still true."""
        return [one.reject for part in self.files.parts for one in part.checked]


def open_config(data: DataConfig, telling: Telling) -> Opened:
    """The splits that a run draws from; raises `RowError` if one has no rows."""
    opened = open_sets(data_sets(data), data.holdout, telling)
    rows = (opened.train, opened.val, opened.test)
    return Opened(tuple(Split(name, one) for name, one in zip(SPLITS, rows, strict=True)), opened.files)


def open_named(names: Sequence[str], reading: Reading, telling: Telling) -> Opened:
    """The rows of files, folders and patterns.

    A folder that is laid out as `data.directory` has the splits that it says; other files belong to the split that their path
    names, such as `jsons/test/qa.json`, or to none.

    Args:
        names: at least one.
        reading: how their rows are read.
        telling: whom to tell how far reading has come.

    Raises:
        RowError: if there is no such file, or none of a split can be read.
        PluginError: if a format of the user's cannot be loaded.
    """
    groups: dict[str, list[SplitFiles]] = {}
    for name in names:
        whole = {split: files for split in SPLITS if (files := _of_layout(name, split))}
        for split, files in whole.items():
            groups.setdefault(split, []).append(files)
        for file in () if whole else named_files(name):
            groups.setdefault(split_of(file), []).append(SplitFiles([file]))
    splits = [Split(name, _rows(groups[name], reading, telling)) for name in (*SPLITS, "") if name in groups]
    parts = [part for split in splits for part in split.rows.parts]
    return Opened(tuple(splits), RowData(parts, ", ".join(names)))


def split_of(file: Path) -> str:
    """The split that a path names: by a word of the file's name, or by a folder of its name; empty if there is none."""
    words = [*_WORD.findall(file.stem.lower())[::-1], *(folder.name.lower() for folder in file.parents)]
    return next((_CALLED[word] for word in words if word in _CALLED), "")


def _of_layout(name: str, split: str) -> SplitFiles | None:
    """The files of a split in a folder that is laid out as `data.directory`; None for any other name."""
    try:
        return DataSet(directory=Path(name)).files(split) if Path(name).is_dir() else None
    except OSError:  # which is told where the name is looked for
        return None


def _rows(groups: Sequence[SplitFiles], reading: Reading, telling: Telling) -> RowData:
    """The rows of files, as one part for each way of reading."""
    by_reading: dict[str, tuple[Reading, list[Path]]] = {}
    for group in groups:
        how = DataSet(reading=reading).reading_of(group)
        by_reading.setdefault(how.text, (how, []))[1].extend(group.files)
    parts: list[Part] = [open_part("", list(dict.fromkeys(files)), how, telling) for how, files in by_reading.values()]
    files = [file for _, some in by_reading.values() for file in some]
    return RowData(parts, str(files[0]) if len(files) == 1 else f"{len(files)} files")
