"""Which rows belong to which column of which table: those of the paper, and one for each task that it does not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Any

import yaml

from rl.evaluation.scoring import RowScore

OTHERS = "Other tasks"
_GROUPS = Path(__file__).with_name("groups.yaml")


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    tasks: tuple[str, ...]
    sources: tuple[str, ...] = ("*",)
    value: str = "score"
    by_source: bool = True
    """Whether its figure is the mean over its sources, else over its rows."""

    def has(self, row: RowScore) -> bool:
        """Whether a row is of its tasks and sources, measured or not."""
        source = row.source.lower()
        return any(fnmatch(row.task, task) for task in self.tasks) and any(
            fnmatch(source, pattern.lower()) for pattern in self.sources
        )


@dataclass(frozen=True)
class Group:
    """A table."""

    name: str
    columns: tuple[Column, ...]
    average: bool = True
    """Whether its last column is the mean of the others."""


def groups_for(rows: Sequence[RowScore]) -> list[Group]:
    """The groups that these rows belong to, each with the columns that have rows; a row may be of one column or of several."""
    found, rest = [], {(row.task, row.source): row for row in rows}
    for group in _groups():
        columns = tuple(column for column in group.columns if any(map(column.has, rest.values())))
        if columns:
            found.append(Group(group.name, columns, group.average and len(columns) > 1))
    known = [column for group in found for column in group.columns]
    others: dict[str, list[str]] = {}
    for (task, source), row in sorted(rest.items()):
        if not any(column.has(row) for column in known):
            others.setdefault(task, []).append(escape(source))
    if others:
        left = tuple(Column(task, (escape(task),), tuple(sources), by_source=False) for task, sources in others.items())
        found.append(Group(OTHERS, left, average=False))
    return found


@lru_cache(maxsize=1)
def _groups() -> tuple[Group, ...]:
    listed: list[dict[str, Any]] = yaml.safe_load(_GROUPS.read_text(encoding="utf-8"))
    return tuple(
        Group(
            one["name"],
            tuple(
                Column(
                    name, tuple(of["tasks"]), tuple(of.get("sources", ("*",))), of.get("value", "score"), one.get("paper", True)
                )
                for name, of in one["columns"].items()
            ),
            one.get("paper", True),
        )
        for one in listed
    )
