"""The data: whether its files are there and can be read; in full, every row, and whether every mix finds rows."""

from __future__ import annotations

import os
from pathlib import Path

from rewards.errors import UserError
from rl.config.data_sets import data_sets
from rl.config.schema import Config
from rl.doctor.finding import Finding
from rollout.rows.data import RowData
from rollout.rows.data_set import DataSet, missing_split
from rollout.rows.files import SPLITS, SplitFiles, split_files
from rollout.rows.media_files import missing_file
from rollout.rows.mixing import check_mix
from rollout.rows.reading import open_file
from rollout.rows.row import RowError
from rollout.rows.sets import open_sets
from rollout.rows.table import first_of

_MENDED = "mend it, or leave out such rows (data.bad_rows=skip)"


def data(config: Config, in_full: bool = False) -> list[Finding]:
    """A finding for each split of each data set, or one for a data set that is drawn first.

    Args:
        config: of the run.
        in_full: read all rows and look for all media; otherwise only for the files and what their first rows name.
    """
    settings = config.data
    folder = Path(settings.directory)
    sets = data_sets(settings)
    if settings.faces is not None and settings.train is None and not settings.sets and not split_files(folder, "train"):
        return [_to_be_drawn(folder, settings.faces.clips)]
    found = [finding for one in sets for split in SPLITS for finding in _split(config, one, split, len(sets) > 1)]
    if in_full and all(one.verdict == "ok" for one in found):
        return _in_full(config, sets)
    return found


def row_files(config: Config) -> list[Path]:
    """The files of all splits, as far as they exist."""
    found: list[Path] = []
    for one in data_sets(config.data):
        for split in SPLITS:
            try:
                files = one.files(split)
            except RowError:  # told by `data`
                continue
            found += files.files if files else []
    return found


def _to_be_drawn(folder: Path, clips: int) -> Finding:
    """Whether a data set can be drawn into a folder: it has to be empty, or to be made."""
    if folder.is_dir() and (there := sorted(place.name for place in folder.iterdir())):
        found = f"{folder} holds {', '.join(there[:3])}{', …' if len(there) > 3 else ''}, but no train.jsonl"
        return Finding("data", "fault", found, "remove it, to have the data set drawn anew, or name another data.directory")
    if folder.exists() and not folder.is_dir():
        return Finding("data", "fault", f"{folder} is a file", "name another data.directory")
    return Finding("data", "ok", f"{clips} training clips are drawn into {folder}")


def _split(config: Config, one: DataSet, split: str, several: bool) -> list[Finding]:
    """Whether a split's files are there and can be read, and whether the media that the first row names are there.

    Nothing is found where a set may lack the split.
    """
    name = f"data, {one.name}, {split}" if one.name else f"data, {split}"
    try:
        files = one.files(split)
        if files is None and split == "val" and config.data.holdout:
            return [Finding(name, "ok", f"{config.data.holdout:.3g} of the training clips are held out")]
        if files is None and split == "test" and several:
            return []
        if files is None:
            raise missing_split(one, split)
        if closed := next((file for file in files.files if not os.access(file, os.R_OK)), None):
            raise RowError(f"{closed} may not be read; change its permissions")
        if config.data.bad_rows == "refuse":
            _look_at_first_row(one, files)
    except UserError as error:
        return [_fault(name, error)]
    more = f" and {len(files.files) - 1} more" if len(files.files) > 1 else ""
    return [Finding(name, "ok", f"{files.files[0]}{more}")]


def _look_at_first_row(one: DataSet, files: SplitFiles) -> None:
    """Read the first row of a split as a run does; raises what is wrong with it."""
    rows = open_file(first_of(files.files[0]), one.reading_of(files))
    for row in rows.read([0]):
        if isinstance(row, RowError):
            raise row
        if missing := missing_file(row):
            raise RowError(f"{rows.path}, row 1: {missing.problem}")


def _in_full(config: Config, sets: list[DataSet]) -> list[Finding]:
    """Read every row of every split, and try every mix on the training rows."""
    mixes = [stage.mix for stage in config.curriculum.stages.values() if stage.steps != 0]
    mixes += [config.grpo.mix] if config.grpo.steps else []
    try:
        opened = open_sets(sets, config.data.holdout)
        if config.data.bad_rows == "refuse":
            opened.files.refuse_rejects()
    except UserError as error:
        return [_fault("data", error)]
    found = []
    for split, rows in zip(SPLITS, (opened.train, opened.val, opened.test), strict=True):
        try:
            for mix in mixes if split == "train" else ():
                check_mix(rows, mix)
        except UserError as error:
            found.append(_fault(f"data, {split}", error))
        else:
            found.append(Finding(f"data, {split}", "ok", f"{rows.path}: {len(rows)} rows ({_tasks(rows)})"))
    return found


def _tasks(rows: RowData) -> str:
    return ", ".join(f"{task} {count}" for task, count in sorted(rows.task_counts().items()))


def _fault(name: str, error: UserError) -> Finding:
    lines = str(error).splitlines()
    if len(lines) > 1:  # several rows: how many, the first, …, what to do
        return Finding(name, "fault", " ".join(lines[:2]), lines[-1])
    what, _, advice = str(error).rpartition("; ")
    return Finding(name, "fault", what or advice, advice if what else _MENDED)
