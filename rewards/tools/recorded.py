"""Recorded rollouts as samples: a run's `rollouts/step_N.parquet`, or JSON lines with the same columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.answers.columns import BadColumn, gold_answer, option_texts
from rewards.errors import UserError
from rewards.files import json_problem, read_json_lines, type_name, why_unreadable
from rewards.sample import Media, RewardSample
from rewards.tools.rollout_columns import media_of, own_names, unpacked_columns
from rewards.tree.coverage import covers_problem
from rewards.tree.gold import gold_problem

_WANTED = (
    *((key, (str,), "text") for key in ("task", "prompt", "tree", "finish_reason")),
    *((key, (list, tuple), "a list") for key in ("answers", "completion_ids", "media")),
)
"""(column, its types, their name in words) of each column that may be left out."""


class RolloutDataError(UserError):
    """A file of rollouts that cannot be used. The message names file, row and key, what was found and what to do."""


@dataclass(frozen=True)
class Recorded:
    """A sample of a run, and the reward that it got there."""

    where: str
    """File and row, such as `step_3.parquet, row 7`."""
    sample: RewardSample
    reward: float | None
    """None if the sample could not be scored, or the file holds no rewards."""
    step: int | None = None
    """The step that it was drawn for; samples of one prompt of one step are scored together."""
    without_content: bool = False
    """Whether it is about media that the data set's row holds, of which a file of rollouts has the name alone."""


def read_rollouts(file: Path) -> list[Recorded]:
    """All samples of a file, of every `.parquet` and `.jsonl` in a folder, in the order of their steps, or of a run.

    A row needs nothing but its `completion`. Columns of the data set become the sample's `columns`: those within `columns`, where
    a run writes them, and all others that a file has beside those of `rewards.tools.rollout_columns`. Media that the rows of the
    data set hold themselves have a name here and no content.

    Raises:
        RolloutDataError: for a missing or unreadable file, one without rows, a row without a completion, or a column of
            the wrong type.
    """
    if file.is_dir():
        if (file / "rollouts").is_dir():
            return read_rollouts(file / "rollouts")
        found = sorted((*file.glob("*.parquet"), *file.glob("*.jsonl")), key=lambda f: (len(f.name), f.name))
        if not found:
            raise RolloutDataError(f"{file}: no .parquet or .jsonl in this folder; give a run's `rollouts` folder or a file")
        return [recorded for one in found for recorded in read_rollouts(one)]
    rows = [recorded_row(file, number, row) for number, row in enumerate(table_rows(file), start=1)]
    if not rows:
        raise RolloutDataError(f"{file}: holds no row; give a file with recorded rollouts")
    return rows


def table_rows(file: Path) -> list[Any]:
    """The rows of a `.parquet` or `.jsonl`. Raises `RolloutDataError` if it cannot be read."""
    if not file.exists():
        raise RolloutDataError(f"{file}: {why_unreadable(file, FileNotFoundError())}")
    if file.suffix == ".parquet":
        return _from_parquet(file)
    if file.suffix not in (".jsonl", ".json"):
        raise RolloutDataError(f"{file}: must end in .parquet or .jsonl; give a run's `rollouts` folder or a file of one")
    return [row for _, row in read_json_lines(file, RolloutDataError)]


def _from_parquet(file: Path) -> list[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[Any] = pq.read_table(file).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise RolloutDataError(f"{file}: cannot be read as parquet ({str(error).splitlines()[0]}); write it again") from error
    return rows


def recorded_row(file: Path, number: int, row: Any) -> Recorded:
    """A row as a sample. Raises `RolloutDataError` for one without a completion, or with a column of the wrong type."""
    where, short = f"{file}, row {number}", f"{file.name}, row {number}"
    if not isinstance(row, dict):
        raise RolloutDataError(f"{where}: must be an object with `completion`, found {type_name(row)}")
    if not isinstance(row.get("completion"), str):
        has = f"found {type_name(row['completion'])}" if "completion" in row else f"the row has {', '.join(sorted(row))}"
        raise RolloutDataError(f"{where}: `completion` must be text; {has}")
    for key, kinds, wanted in _WANTED:
        if not isinstance(row.get(key), (*kinds, type(None))):
            raise RolloutDataError(f"{where}: `{key}` must be {wanted}, found {type_name(row[key])}; mend it or leave it out")
    ids, covers = tuple(row.get("completion_ids") or ()), _json(where, row, "covers")
    if problem := covers_problem(covers):
        raise RolloutDataError(f"{where}: `covers` {problem}")
    if row.get("tree") and (problem := gold_problem(row["tree"])):
        raise RolloutDataError(f"{where}: `tree`: {problem}")
    answer, labels = _read(where, row, "answer", gold_answer)
    sample = RewardSample(
        completion=row["completion"],
        task=row.get("task") or "rationale",
        prompt=row.get("prompt") or "",
        answer=answer,
        answers=tuple(row.get("answers") or labels),
        tree=row.get("tree"),
        covers=covers,
        options=_read(where, row, "options", option_texts),
        media=_media(where, row),
        finish_reason=row.get("finish_reason") or "stop",
        completion_tokens=len(ids),
        completion_ids=ids,
        group=str(row.get("prompt_key") or short),
        columns=_columns(where, row),
    )
    reward, step = row.get("reward"), row.get("step")
    return Recorded(
        short,
        sample,
        float(reward) if isinstance(reward, (int, float)) else None,
        step if isinstance(step, int) else None,
        any(isinstance(medium, dict) and medium.get("held") is True for medium in row.get("media") or ()),
    )


def _read(where: str, row: dict[str, Any], key: str, reader: Callable[[Any], Any]) -> Any:
    try:
        return reader(row.get(key))
    except BadColumn as error:
        raise RolloutDataError(f"{where}: `{key}` {error}; mend it or leave it out") from error


def _media(where: str, row: dict[str, Any]) -> Media:
    try:
        return media_of(row.get("media") or ())
    except ValueError as error:
        raise RolloutDataError(f"{where}: `media` {error}; mend them or leave them out") from error


def _columns(where: str, row: dict[str, Any]) -> dict[str, Any]:
    """The data set's columns: those within `columns`, and those beside it that are nobody else's."""
    columns = _json(where, row, "columns", unpacked_columns) or {}
    if not isinstance(columns, dict):
        raise RolloutDataError(f"{where}: `columns` must be an object, found {type_name(columns)}; mend it or leave it out")
    own = own_names(row)
    source = {"source": row["source"]} if "source" in row else {}
    return {**{key: value for key, value in row.items() if key not in own}, **columns, **source}


def _json(where: str, row: dict[str, Any], key: str, read: Callable[[str], Any] = json.loads) -> Any:
    """A column that a run writes as JSON."""
    value = row.get(key)
    try:
        return read(value) if isinstance(value, str) else value
    except ValueError as error:
        raise RolloutDataError(f"{where}: `{key}` is not JSON ({json_problem(error)}); mend it or leave it out") from error
