"""How files of rows are read: their format, their columns' names, where their media are, and the task of rows that name none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from rewards.plugins.spec import FunctionSpec, with_function_source
from rollout.rows.build import UNNAMED_TASK, build_row
from rollout.rows.formats.registry import AUTO, RowFormat, open_format
from rollout.rows.row import Row, RowError
from rollout.rows.table import NoRow, Table

_SEEN = 100
"""Rows whose columns tell the format of a file."""


@dataclass(frozen=True)
class Reading:
    """How files of rows are read."""

    row_format: FunctionSpec = AUTO
    """`data.format` with its parameters."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """affectree's name of a column -> what the rows call it."""
    media_root: Path | None = None
    """Folder that relative media paths start from; None for each file's own."""
    task: str = UNNAMED_TASK
    """Task of rows that name none."""

    @property
    def text(self) -> str:
        """All of it as text, with the source of a function of the user's; raises `PluginError` if that cannot be read."""
        spec = with_function_source("row format", self.row_format)
        source = spec.source.sha256 if spec.source else ""
        parameters, columns = sorted(spec.parameters.items()), sorted(self.columns.items())
        root = self.media_root and self.media_root.absolute()
        return repr((spec.target, parameters, source, columns, root, self.task))


@dataclass(frozen=True)
class FileRows:
    """Rows of one file, as everything else takes them."""

    table: Table
    reading: Reading
    format: RowFormat | None
    """None if no row of the file can be read at all."""
    names: tuple[str, ...]
    """Columns of the file, as far as they are known."""
    before: int = 0
    """Rows of the file before these."""

    def __len__(self) -> int:
        return len(self.table)

    def __reduce__(self) -> tuple[Any, ...]:
        reading = replace(self.reading, row_format=self.format.spec) if self.format else self.reading
        return reopen_file, (self.table, reading, self.names, self.before)

    @property
    def path(self) -> Path:
        """The file."""
        return self.table.path

    @cached_property
    def root(self) -> Path:
        """The folder that relative media paths start from."""
        return (self.reading.media_root or self.path.parent).resolve()

    def number(self, place: int) -> int:
        """Number of a row in its file, from 1."""
        return self.before + place + 1

    def cut(self, start: int, end: int) -> FileRows:
        """Some of the rows."""
        end = min(end, len(self))
        return replace(self, table=self.table.cut(start, end), before=self.before + start)

    def read(self, places: Sequence[int], indices: Sequence[int] | None = None) -> Iterator[Row | RowError]:
        """Rows at some places; one that cannot be used comes as the error that says why.

        Args:
            places: of these rows, from 0.
            indices: what becomes their `Row.index`; their places if None.
        """
        root = self.root
        for place, index, raw in zip(places, indices or places, self.table.read(places), strict=True):
            try:
                yield self._row(raw, self.number(place), index, root)
            except RowError as error:
                yield error

    def _row(self, raw: dict[str, Any] | NoRow, number: int, index: int, root: Path) -> Row:
        if isinstance(raw, NoRow):
            line = "" if raw.line in (None, number) else f"in line {raw.line}: "
            key = f", key `{raw.key}`" if raw.key else ""
            raise RowError(f"{self.path}, row {number}{key}: {line}{raw.said}")
        assert self.format is not None
        where = f"{self.path}, row {number}"
        columns = self.format.columns(raw, where, self.path)
        return build_row(columns, index, where + self.format.reader, root, self.reading.task)


def open_file(table: Table, reading: Reading) -> FileRows:
    """The rows of a file.

    Raises:
        RowError: if the file has not the columns of the format.
        PluginError: if a format of the user's cannot be found, imported or called with its parameters.
    """
    readable = list(islice((row for row in table.read(range(len(table))) if not isinstance(row, NoRow)), _SEEN))
    names = tuple(dict.fromkeys(key for row in readable for key in row))
    row_format = open_format(reading.row_format, table.path, names, readable[0], reading.columns) if readable else None
    return FileRows(table, reading, row_format, names)


def reopen_file(table: Table, reading: Reading, names: tuple[str, ...], before: int = 0) -> FileRows:
    """The rows of a file whose format is known, so that none of them is read."""
    row_format = open_format(reading.row_format, table.path, names, None, reading.columns) if names else None
    return FileRows(table, reading, row_format, names, before)
