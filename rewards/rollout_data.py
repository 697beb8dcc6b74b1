"""Recorded rollouts as samples: a run's `rollouts/step_N.parquet`, or JSON lines with the same columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rewards.sample import RewardSample

# fmt: off
_OWN = frozenset({
    "completion", "task", "prompt", "answer", "tree", "options", "finish_reason", "completion_ids",
    "columns", "reward", "prompt_key", "step", "sample", "parts", "levels", "errors",
    "advantage", "log_probs", "version", "media",
})
# fmt: on


class RolloutDataError(UserError):
    """A file of rollouts that cannot be used; names file, row and key, what was found and what to do."""


@dataclass(frozen=True)
class Recorded:
    """A sample and the reward that it got in its run."""

    where: str
    """File and row."""
    sample: RewardSample
    reward: float | None


def read_rollouts(file: Path) -> list[Recorded]:
    """All samples of a file, or of every `.parquet` and `.jsonl` in a folder.

    Only `completion` is required. Columns that are not a sample's own become its `columns`.

    Raises:
        RolloutDataError: for a missing or unreadable file, or a row without a completion.
    """
    if file.is_dir():
        found = sorted((*file.glob("*.parquet"), *file.glob("*.jsonl")), key=lambda f: (len(f.name), f.name))
        if not found:
            raise RolloutDataError(f"{file}: no .parquet or .jsonl in this folder; give a run's `rollouts` folder or a file")
        return [recorded for one in found for recorded in read_rollouts(one)]
    return [_recorded(file, number, row) for number, row in enumerate(_rows(file), start=1)]


def _rows(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        raise RolloutDataError(f"{file}: no such file")
    if file.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_table(file).to_pylist()
        except pa.ArrowInvalid as error:
            raise RolloutDataError(f"{file}: cannot be read as parquet: {error}") from error
    if file.suffix not in (".jsonl", ".json"):
        raise RolloutDataError(f"{file}: must end in .parquet or .jsonl")
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise RolloutDataError(f"{file}, line {number}: not JSON: {error}") from error
    return rows


def _recorded(file: Path, number: int, row: Any) -> Recorded:
    if not isinstance(row, dict) or not isinstance(row.get("completion"), str):
        has = ", ".join(sorted(row)) if isinstance(row, dict) else type(row).__name__
        raise RolloutDataError(f"{file}, row {number}: `completion` must be text; the row has {has}")
    columns = row.get("columns") or {}
    columns = json.loads(columns) if isinstance(columns, str) else columns
    ids = tuple(row.get("completion_ids") or ())
    sample = RewardSample(
        completion=row["completion"],
        task=row.get("task") or "rationale",
        prompt=row.get("prompt") or "",
        answer=row.get("answer"),
        tree=row.get("tree"),
        options=tuple(row.get("options") or ()),
        finish_reason=row.get("finish_reason") or "stop",
        completion_tokens=len(ids),
        completion_ids=ids,
        group=f"{row.get('step', '')}/{row.get('prompt_key', number)}",
        columns={**columns, **{key: value for key, value in row.items() if key not in _OWN}},
    )
    reward = row.get("reward")
    return Recorded(f"{file.name}, row {number}", sample, float(reward) if isinstance(reward, (int, float)) else None)
