"""Files of rows -> rows as they are written there. Any other file is refused with its name, the line and what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rewards.files import json_problem, type_name, why_unreadable
from rollout.rows.arrow_rows import STATE, data_files, read_arrow
from rollout.rows.class_names import Read, named_classes
from rollout.rows.json_rows import each_span, line_of, spans_of
from rollout.rows.row import RowError

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".jsonl", ".json", ".parquet")
"""Suffixes of files of rows."""
DIGEST_BYTES = 12
"""Length of a digest of rows."""
_EMPTY = "the data set is empty; write at least one row"
_ONE_A_LINE = 'write one row a line, such as {"messages": […]}'


class KeyTwice(ValueError):
    """An object of JSON that has a key twice, of which readers would take the last."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise KeyTwice(next(key for key in keys if keys.count(key) > 1))
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_each_once)
_IN_ARROW = 512
"""Rows of an Arrow table that become Python objects in one piece."""


@dataclass(frozen=True)
class NoRow:
    """What stands in a file where a row should."""

    said: str
    """What is wrong with it, and what to do."""
    line: int | None
    """Its line in the file; None where rows are not one a line."""
    key: str = ""
    """The column that is wrong; empty for the row itself."""


class Table(Protocol):
    """The rows of a file, which are read as they are asked for. No type of a column is inferred from other rows."""

    @property
    def path(self) -> Path:
        """The file, or a dataset folder."""
        ...

    def __len__(self) -> int: ...

    def cut(self, start: int, end: int) -> Table:
        """Some of the rows."""
        ...

    def read(self, places: Sequence[int]) -> Iterator[dict[str, Any] | NoRow]:
        """Rows at some places, as the file has them. Raises `RowError` if the file is not what it was."""
        ...

    def digest(self) -> str:
        """A short name for what the rows hold, wherever their file lies. Raises `OSError` if it cannot be read."""
        ...


@dataclass(frozen=True)
class JsonTable:
    """A file with one JSON object a line, or with a list of them. Every read opens the file: nothing of it is held."""

    path: Path
    begin: np.ndarray
    """First byte of each row, int64 (N,)."""
    end: np.ndarray
    """The byte after its last one."""
    written: tuple[int, int]
    """Size and time of change that the file had when the rows were found."""

    def __len__(self) -> int:
        return len(self.begin)

    def cut(self, start: int, end: int) -> JsonTable:
        """Some of the rows."""
        return JsonTable(self.path, self.begin[start:end], self.end[start:end], self.written)

    def read(self, places: Sequence[int]) -> Iterator[dict[str, Any] | NoRow]:
        """Rows at some places; raises `RowError` if the file has changed since they were found."""
        try:
            with self.path.open("rb") as file:
                if _written(self.path) != self.written:
                    raise RowError(f"{self.path}: has changed since its rows were looked at; start again")
                for begin, end in zip(self.begin[places].tolist(), self.end[places].tolist(), strict=True):
                    file.seek(begin)
                    yield self._row(file.read(end - begin), begin)
        except OSError as error:
            raise RowError(f"{self.path}: {why_unreadable(self.path, error)}") from error

    def digest(self) -> str:
        """Of the texts of the rows: what is between them, such as a line's end, does not matter."""
        found = hashlib.blake2b(digest_size=DIGEST_BYTES)
        with self.path.open("rb") as file:
            for begin, end in zip(self.begin.tolist(), self.end.tolist(), strict=True):
                file.seek(begin)
                found.update((end - begin).to_bytes(8, "little") + file.read(end - begin))
        return found.hexdigest()

    def _row(self, text: bytes, place: int) -> dict[str, Any] | NoRow:
        try:
            found = _DECODER.decode(text.decode("utf-8", "surrogatepass"))
        except KeyTwice as error:
            return NoRow(f"has the key `{error}` twice; keep one of them", None)
        except (ValueError, RecursionError) as error:
            said = f"not JSON ({json_problem(error).removeprefix('line 1: ')})"
        else:
            if isinstance(found, dict):
                return found
            said = f"must be a JSON object, found {type_name(found)}"
        line = line_of(self.path, place)
        return NoRow(f"{said}; {'mend or remove it' if line is None else _ONE_A_LINE}", line)


@dataclass(frozen=True)
class ArrowTable:
    """A .parquet file or a dataset folder; rows are memory-mapped, and columns have the types that the file declares."""

    path: Path
    start: int
    rows: int

    def __len__(self) -> int:
        return self.rows

    def cut(self, start: int, end: int) -> ArrowTable:
        """Some of the rows."""
        return ArrowTable(self.path, self.start + start, end - start)

    def digest(self) -> str:
        """Of the whole files, however many of their rows these are."""
        found = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for one in data_files(self.path) if self.path.is_dir() else [self.path]:
            with one.open("rb") as file:
                found.update(hashlib.file_digest(file, "blake2b").digest())
        return found.hexdigest()

    def read(self, places: Sequence[int]) -> Iterator[dict[str, Any] | NoRow]:
        """Rows at some places, with the names of their classes; one with a value that Python cannot hold is told."""
        table = _read_arrow(self.path)
        named = named_classes(table.schema)
        for first in range(0, len(places), _IN_ARROW):
            for row in _rows_of(table, [self.start + place for place in places[first : first + _IN_ARROW]]):
                yield row if isinstance(row, NoRow) else _with_names(row, named)


def _with_names(row: dict[str, Any], named: Mapping[str, Read]) -> dict[str, Any] | NoRow:
    found = dict(row)
    for column, read in named.items():
        try:
            found[column] = read(row.get(column))
        except ValueError as error:
            return NoRow(f"{error}; mend or remove it", None, column)
    return found


def _rows_of(table: pa.Table, places: Sequence[int]) -> Iterator[dict[str, Any] | NoRow]:
    import pyarrow as pa

    try:
        yield from table.take(places).to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):  # not text in UTF-8, or no date of the calendar: but in which row?
        for place in places:
            yield _row_of(table, place)


def _row_of(table: pa.Table, place: int) -> dict[str, Any] | NoRow:
    import pyarrow as pa

    found: dict[str, Any] = {}
    for column in table.column_names:
        try:
            found[column] = table.column(column)[place].as_py()
        except (ValueError, OverflowError, pa.ArrowException) as error:
            return NoRow(f"cannot be read ({error}); mend or remove it", None, column)
    return found


def open_table(path: Path) -> Table:
    """The rows of a .jsonl, .json or .parquet file, or of a Hugging Face dataset folder, found by reading through it.

    Raises:
        RowError: if the file is missing, empty, unreadable or of another kind.
    """
    try:
        if _is_arrow(path):
            return _filled(ArrowTable(path, 0, len(_read_arrow(path))))
        if not path.is_file():
            raise RowError(f"{path}: {why_unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())}")
        if path.suffix not in SUFFIXES:
            raise RowError(f"{path}: rows are read from .jsonl, .json or .parquet, found {path.suffix!r}; convert it")
        written = _written(path)
        begin, end = spans_of(path).T
        return _filled(JsonTable(path, begin, end, written))
    except OSError as error:
        raise RowError(f"{path}: {why_unreadable(path, error)}") from error


def first_of(path: Path) -> Table:
    """The first row of a file, found without reading further; raises as `open_table` does."""
    if path.suffix not in (".jsonl", ".json") or not path.is_file():
        return open_table(path).cut(0, 1)
    try:
        written = _written(path)
        first = np.array([*islice(each_span(path), 1)], dtype=np.int64).reshape(-1, 2)
        return _filled(JsonTable(path, first[:, 0], first[:, 1], written))
    except OSError as error:
        raise RowError(f"{path}: {why_unreadable(path, error)}") from error


def reopen_table(path: Path, begin: np.ndarray, end: np.ndarray) -> Table:
    """The rows of a file of which it is known where they are; raises as `open_table` does."""
    try:
        return ArrowTable(path, 0, len(begin)) if _is_arrow(path) else JsonTable(path, begin, end, _written(path))
    except OSError as error:
        raise RowError(f"{path}: {why_unreadable(path, error)}") from error


def is_dataset_folder(path: Path) -> bool:
    """Whether `datasets.Dataset.save_to_disk` wrote a folder."""
    return (path / STATE).is_file()


def _is_arrow(path: Path) -> bool:
    return is_dataset_folder(path) or (path.suffix == ".parquet" and path.is_file() and path.stat().st_size > 0)


def _filled(table: Table) -> Table:
    if not len(table):
        raise RowError(f"{table.path}: {_EMPTY}")
    return table


@lru_cache(maxsize=256)
def _read_arrow(path: Path) -> pa.Table:
    import pyarrow as pa

    try:
        table = read_arrow(path)
        if twice := next((name for name in table.column_names if table.column_names.count(name) > 1), None):
            raise RowError(f"{path}: has two columns `{twice}`; rename or remove one")
        named_classes(table.schema)  # which is refused here if it cannot be read
        return table
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RowError(f"{path}: cannot be read as rows ({said}); check that it is the right file, or write it again") from error


def _written(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_size, about.st_mtime_ns
