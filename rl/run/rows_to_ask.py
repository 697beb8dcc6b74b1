"""The rows that `affectree eval` asks, and what room their media need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rewards.errors import UserError
from rewards.plugins.spec import FunctionSpec
from rl.config.data_sets import data_sets
from rl.config.schema import Config, DataConfig
from rl.record.console import say, warn
from rl.record.runs.directory import RunDirectory
from rl.record.time_left import phase
from rl.run.evaluated import CONFIGS, Evaluated, evaluation_config
from rl.run.preparation import draw_faces
from rollout.rows.data import RowData, joined
from rollout.rows.data_set import missing_split
from rollout.rows.files import named_files
from rollout.rows.mixing import evaluated_rows
from rollout.rows.part import open_part
from rollout.rows.progress import Telling
from rollout.rows.reading import Reading
from rollout.rows.row import Row, RowError

_TELLING = Telling(say, warn, phase)


def find_rows(evaluated: Evaluated, data: Sequence[Path], settings: Sequence[str], most: int | None) -> list[Row]:
    """The rows that are asked.

    Args:
        evaluated: the model; the test rows of its run where `data` names none.
        data: files of rows, of which all are asked, or configurations, whose test rows are.
        settings: `key=value` words, over those configurations.
        most: rows of each task at most, of all tasks; None for `evaluation.rows` of a run or configuration, and all of a file.

    Raises:
        UserError: if there are none, or one cannot be used.
    """
    if not data and evaluated.run is None:
        raise UserError(f"{evaluated.name}: on which rows? Name a file of rows, or a configuration, by --data")
    found: list[Row] = []
    for config in [evaluated.config] if not data else [evaluation_config(one, settings) for one in data if one.suffix in CONFIGS]:
        rows = _test_rows(config) if data or evaluated.run is None else _rows_of_run(evaluated.run, config)
        found += _chosen(rows, config.evaluation.rows if most is None else dict.fromkeys(rows.task_counts(), most))
    for file in data:
        if file.suffix not in CONFIGS:
            rows = _rows_of_file(file, evaluated.config.data)
            found += _chosen(rows, rows.task_counts() if most is None else dict.fromkeys(rows.task_counts(), most))
    if not found:
        raise UserError("no rows to evaluate on; see evaluation.rows, or name a file by --data")
    return [replace(row, index=place) for place, row in enumerate(found)]


def _chosen(rows: RowData, counts: Mapping[str, int]) -> list[Row]:
    return list(rows.only(evaluated_rows(counts, rows)))


def _rows_of_run(run: RunDirectory, config: Config) -> RowData:
    """The test rows of a run; none are drawn for it. Raises `ConfigError` for places that are gone."""
    for key, told in run.sources.stand_in().items():
        if key.endswith(".format"):
            warn(f"{key}: {told}")
    try:
        return _test_rows(replace(config, data=replace(config.data, faces=None)))
    except RowError:
        run.check_places(config, "affectree eval")
        raise


def _test_rows(config: Config) -> RowData:
    """The test rows of all data sets of a configuration, which need no others."""
    draw_faces(config.data)
    sets = data_sets(config.data)
    opened = [
        RowData([open_part(one.name, files.files, one.reading_of(files), _TELLING)], one.path("test", files))
        for one in sets
        if (files := one.files("test")) is not None
    ]
    if not opened:
        raise missing_split(sets[0], "test")
    return _usable(joined(opened, "data.sets, test"), config.data)


def _rows_of_file(file: Path, data: DataConfig) -> RowData:
    """All rows of a file, or of a folder or pattern of such, read as a configuration says it."""
    reading = Reading(
        FunctionSpec(data.format, data.format_parameters), data.columns, Path(data.media_root) if data.media_root else None
    )
    return _usable(RowData([open_part("", named_files(file), reading, _TELLING)], str(file)), data)


def _usable(rows: RowData, data: DataConfig) -> RowData:
    if data.bad_rows == "refuse":
        rows.refuse_rejects()
    elif rows.rejected:
        warn(f"{rows.rejected} rows cannot be used and are left out; see `affectree data check`")
    return rows


def most_media(rows: Sequence[Row]) -> dict[str, int]:
    """The most videos and images of any row, at least one of each."""
    return {kind: max([1, *(_count(row, kind) for row in rows)]) for kind in ("video", "image")}


def _count(row: Row, kind: str) -> int:
    return sum(medium.kind == kind for medium in row.media)
