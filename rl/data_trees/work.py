"""The rationales of a file of rows, read part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from rewards.errors import UserError, nearest_or_all
from rl.data_trees.readers import Reader
from rl.record.console import say, warn
from rl.record.parts import Parts
from rl.record.time_left import phase
from rollout.rows.data import RowData
from rollout.rows.files import named_files
from rollout.rows.part import open_part
from rollout.rows.progress import Telling
from rollout.rows.reading import Reading
from rollout.rows.rejects import Reject
from rollout.rows.row import Row
from rollout.rows.tree_rows import tree_row
from rollout.rows.trees import NoTree, gold_tree, known_answer

ROWS_A_PART = 256
"""Rows that are read again at most when the command was stopped."""


def open_rationales(path: str, reading: Reading) -> RowData:
    """The rows of files that can be used; how many cannot be is told.

    Args:
        path: a file, a folder of files, or a pattern of paths.
        reading: how they are read.

    Raises:
        RowError: if there is no such file, or no row can be used.
        PluginError: if a format of the user's cannot be loaded.
    """
    rows = RowData([open_part("", named_files(path), reading, Telling(say, warn, phase))], path)
    if not len(rows):
        rows.refuse_rejects()
    if rows.rejected:
        warn(f"{rows.rejected} rows cannot be used and are left out; `affectree data check` says why")
    return rows


def rows_of(rows: RowData, tasks: Sequence[str]) -> list[int]:
    """Indices of the rows of some tasks.

    Raises:
        UserError: for a pattern that no task fits.
    """
    by_task = rows.indices_by_task()
    for pattern in tasks:
        if not any(fnmatch(task, pattern) for task in by_task):
            raise UserError(
                f"{rows.path}: no row has the task {pattern!r}{nearest_or_all(pattern, sorted(by_task), 'tasks are')}"
            )
    return sorted(int(i) for task, found in by_task.items() if any(fnmatch(task, one) for one in tasks) for i in found)


def read_rows(rows: RowData, chosen: Sequence[int], reader: Reader, parts: Parts, media_root: Path) -> None:
    """Read the parts that no earlier call has read, and keep each as soon as it is.

    Args:
        rows: all rows.
        chosen: indices of those to read.
        reader: reads their rationales.
        parts: what was read, and where more is kept.
        media_root: folder that paths of media start from in what is made.
    """
    cuts = [chosen[start : start + ROWS_A_PART] for start in range(0, len(chosen), ROWS_A_PART)]
    done = sum(len(indices) for number, indices in enumerate(cuts) if parts.has(number))
    with phase("trees", len(chosen), done) as shown:
        for number, indices in enumerate(cuts):
            if parts.has(number):
                continue
            parts.add(number, list(read_part(rows, indices, reader, media_root)))
            for _ in indices:
                shown.step()


def read_part(rows: RowData, indices: Sequence[int], reader: Reader, media_root: Path) -> Iterator[dict[str, Any]]:
    """A record for each row: `row`, with its tree, or `reject`, and the `reason` by which rejects are counted.

    Args:
        rows: all rows.
        indices: those to read.
        reader: reads their rationales.
        media_root: folder that paths of media start from in what is made.
    """
    good: list[Row] = []
    for row in rows.only(indices):
        row = replace(row, index=indices[row.index])
        if reason := _why_not(row):
            yield {"reject": asdict(_reject(rows, row, reason)), "reason": reason}
        else:
            good.append(row)
    for row, read in zip(good, reader([row.reference or "" for row in good]), strict=True):
        known = known_answer(row)
        gold = read if isinstance(read, NoTree) else gold_tree(row.reference or "", read, known)
        if isinstance(gold, NoTree):
            yield {"reject": asdict(_reject(rows, row, str(gold))), "reason": gold.reason}
        else:
            yield {"row": tree_row(row, gold, media_root, rows.origin(row.index)), "checked": bool(known)}


def _why_not(row: Row) -> str | None:
    """Why a row has no rationale that could be read; None if it has."""
    if not row.reference:
        return "no assistant turn follows the question"
    return "the assistant turn is a tree already" if "<tree>" in row.reference else None


def _reject(rows: RowData, row: Row, reason: str) -> Reject:
    file, number = rows.origin(row.index)
    return Reject(str(file), number, "messages", reason, "")
