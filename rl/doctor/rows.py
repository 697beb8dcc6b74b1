"""The data: whether its files are there and can be read; in full, every row, and whether every mix finds rows."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from rewards.errors import UserError
from rewards.plugins.spec import FunctionSpec
from rl.config.schema import Config, DataConfig
from rl.doctor.finding import Finding
from rollout.formats import open_format

SPLITS = ("train", "val", "test")
_READ_OTHERWISE = ("::", "$")
"""What a path may not hold, since `datasets` takes it for a chain of file systems or for a variable."""


def data(config: Config, in_full: bool = False) -> list[Finding]:
    """A finding for each split, or one for a data set that is drawn first.

    Args:
        config: of the run.
        in_full: read all rows and look for all media; otherwise only for the files and what their first rows name.
    """
    settings = config.data
    folder = Path(settings.directory)
    if settings.faces is not None and settings.train is None and _file(config, "train") is None:
        return [_to_be_drawn(folder, settings.faces.clips)]
    found = [_split(config, split) for split in SPLITS]
    if in_full and all(one.verdict == "ok" for one in found):
        return _in_full(config)
    return found


def row_files(config: Config) -> list[Path]:
    """The files of the splits, as far as they exist."""
    return [file for split in SPLITS if (file := _file(config, split)) is not None]


def _to_be_drawn(folder: Path, clips: int) -> Finding:
    """Whether a data set can be drawn into a folder: it has to be empty, or to be made."""
    if folder.is_dir() and (there := sorted(place.name for place in folder.iterdir())):
        found = f"{folder} holds {', '.join(there[:3])}{', …' if len(there) > 3 else ''}, but no train.jsonl"
        return Finding("data", "fault", found, "remove it, to have the data set drawn anew, or name another data.directory")
    if folder.exists() and not folder.is_dir():
        return Finding("data", "fault", f"{folder} is a file", "name another data.directory")
    return Finding("data", "ok", f"{clips} training clips are drawn into {folder}")


def _split(config: Config, split: str) -> Finding:
    """Whether a split's file is there and can be read, and whether the media that its first row names are there."""
    name = f"data, {split}"
    file = _file(config, split)
    if file is None:
        missing = getattr(config.data, split) or f"{config.data.directory}/{split}.jsonl or .parquet"
        return Finding(name, "fault", f"no such file: {missing}", f"check data.directory or set data.{split}")
    if sign := next((sign for sign in _READ_OTHERWISE if sign in str(file)), None):
        return Finding(name, "fault", f"{file}: paths of rows may not hold {sign!r}", "move it, or reach it through a link")
    if not os.access(file, os.R_OK):
        return Finding(name, "fault", f"{file} may not be read", "change its permissions")
    if file.stat().st_size == 0:
        return Finding(name, "fault", f"{file} is empty", "write at least one row")
    if file.suffix == ".jsonl" and (trouble := _trouble_with_first_row(file, config.data)):
        return Finding(name, "fault", trouble, f"mend it; affectree data check {file} looks at all rows")
    return Finding(name, "ok", str(file))


def _trouble_with_first_row(file: Path, settings: DataConfig) -> str | None:
    """What is wrong with a file's first row, and where; None if nothing is."""
    where = f"{file}, row 1"
    with file.open(encoding="utf-8", errors="replace") as opened:
        line = opened.readline()
    try:
        row = json.loads(line)
    except ValueError:
        return f"{where}: not JSON"
    if not isinstance(row, dict):
        return f"{where}: no JSON object"
    try:
        columns = open_format(FunctionSpec(settings.format, settings.format_parameters), file, list(row)).columns(row, where)
    except UserError as error:
        return str(error)
    for key in ("videos", "images"):
        named = columns.get(key) or []
        for medium in [named] if isinstance(named, str) else named:
            place = Path(settings.media_root or file.parent, str(medium))
            if not place.is_file():
                return f"{where}: {place} does not exist (relative paths start at data.media_root, or at the file's folder)"
    return None


def _in_full(config: Config) -> list[Finding]:
    """Read every row of every split, and try every mix on the training rows."""
    from rollout.mixing import check_mix
    from rollout.rows import open_rows

    found = []
    root = Path(config.data.media_root) if config.data.media_root else None
    mixes = [stage.mix for stage in config.curriculum.stages.values() if stage.steps]
    mixes += [config.grpo.mix] if config.grpo.steps else []
    for split in SPLITS:
        file = _file(config, split)
        assert file is not None
        try:
            rows = open_rows(file, root, FunctionSpec(config.data.format, config.data.format_parameters))
            for mix in mixes if split == "train" else ():
                check_mix(rows, mix)
        except UserError as error:
            what, _, advice = str(error).rpartition("; ")
            found.append(Finding(f"data, {split}", "fault", what or advice, advice if what else ""))
        else:
            tasks = ", ".join(f"{task} {count}" for task, count in sorted(Counter(rows.tasks()).items()))
            found.append(Finding(f"data, {split}", "ok", f"{file}: {len(rows)} rows ({tasks})"))
    return found


def _file(config: Config, split: str) -> Path | None:
    """The split's file, found as `rl.run.preparation` finds it; None if there is none."""
    if named := getattr(config.data, split):
        return Path(named) if Path(named).is_file() else None
    folder = Path(config.data.directory)
    return next((file for file in (folder / f"{split}.jsonl", folder / f"{split}.parquet") if file.is_file()), None)
