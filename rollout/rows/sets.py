"""Data sets -> the splits of a run, with what is held out of the training rows of a set that has no val rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollout.rows.content import Content, content_of
from rollout.rows.data import RowData, joined
from rollout.rows.data_set import DataSet, missing_split
from rollout.rows.files import SPLITS
from rollout.rows.formats.registry import AUTO
from rollout.rows.holdout import hold_out
from rollout.rows.part import Part, open_part
from rollout.rows.progress import SILENT, Telling


@dataclass(frozen=True)
class OpenedSets:
    """The rows of a run's data sets that can be used."""

    train: RowData
    val: RowData
    test: RowData
    files: RowData
    """The rows of all files, each once."""
    contents: Mapping[str, Content]
    """What the files of each split hold; with several data sets the splits are called `set/split`."""


def open_sets(sets: Sequence[DataSet], holdout: float, telling: Telling = SILENT) -> OpenedSets:
    """Open all splits of all data sets. Rows that cannot be used are left out.

    Args:
        sets: at least one. Each needs rows of train, and one of them rows of test.
        holdout: share of the training clips that are held out as val where a set has no val rows.
        telling: whom to tell how rows are read, what is held out, and how far it has come.

    Raises:
        RowError: if a split has no rows.
        PluginError: if a format cannot be loaded.
    """
    opened: dict[str, list[RowData]] = {split: [] for split in SPLITS}
    parts: list[Part] = []
    contents: dict[str, Content] = {}
    for one in sets:
        of_set = _open(one, telling)
        parts += [part for rows in of_set.values() for part in rows.parts]
        contents |= {f"{one.name}/{split}".lstrip("/"): content_of(rows.parts) for split, rows in of_set.items()}
        if "val" not in of_set:
            of_set["train"], of_set["val"] = _hold_out(one, of_set["train"], holdout, telling)
        for split, rows in of_set.items():
            opened[split].append(rows)
    if not opened["test"]:
        raise missing_split(sets[0], "test")
    train, val, test = (joined(opened[split], f"data.sets, {split}") for split in SPLITS)
    return OpenedSets(train, val, test, RowData(parts, sets[0].title if len(sets) == 1 else "data.sets"), contents)


def _open(one: DataSet, telling: Telling) -> dict[str, RowData]:
    """The splits that a data set has files for."""
    found: dict[str, RowData] = {}
    for split in SPLITS:
        files = one.files(split)
        if files is None and split == "train":
            raise missing_split(one, split)
        if files is not None:
            part = open_part(one.name, files.files, one.reading_of(files), telling)
            found[split] = RowData([part], one.path(split, files))
            if not len(found[split]):
                found[split].refuse_rejects()
            if split == "train":
                telling.line(_how(one, part))
    return found


def _how(one: DataSet, part: Part) -> str:
    """How the rows of a data set are read."""
    formats = {file.format.name: file.format for file in part.files if file.format}
    detected = one.reading.row_format.target == AUTO.target
    return "; ".join(replace(found, detected=detected).sentence(one.title) for found in formats.values())


def _hold_out(one: DataSet, train: RowData, share: float, telling: Telling) -> tuple[RowData, RowData]:
    if not share:
        raise missing_split(one, "val")
    held = hold_out(train, share)
    neither = f", {held.in_neither} rows with clips of both are in neither" if held.in_neither else ""
    telling.line(
        f"{one.title}: no val rows, so {held.clips} of the training clips with {len(held.val)} rows are held out as val "
        f"(data.holdout = {share:g}); {len(held.train)} rows are left to train on{neither}"
    )
    return held.train, held.val
