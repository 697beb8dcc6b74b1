"""The rows of a split, over any number of files and data sets. A row is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rewards.plugins.spec import FunctionSpec
from rollout.media.medium import KINDS
from rollout.rows.files import named_files
from rollout.rows.formats.registry import AUTO
from rollout.rows.part import Part, open_part
from rollout.rows.progress import SILENT, Telling
from rollout.rows.reading import Reading
from rollout.rows.rejects import MOST_LISTED, Reject, refusal
from rollout.rows.row import Row

_AT_ONCE = 2048
"""Rows that are read in one piece when all are."""


@dataclass(frozen=True)
class Stratum:
    """What rows are weighed and chosen by: all that have the same three are alike to a mix."""

    task: str
    source: str
    data_set: str

    @property
    def names(self) -> set[str]:
        """What a mix may call it: its task, its source, its data set, or `set/task`."""
        of_set = {self.data_set, f"{self.data_set}/{self.task}"} if self.data_set else set()
        return ({self.task, self.source} | of_set) - {""}


class RowData:
    """Rows of a split. `rows[i].index` is `i`."""

    def __init__(self, parts: Sequence[Part], path: str, places: np.ndarray | None = None) -> None:
        """
        Args:
            parts: one for each data set.
            path: what messages call the rows.
            places: which rows of the parts, put one after the other, these are; None for all that can be used.
        """
        self.parts = parts
        self.path = path
        self.starts = np.cumsum([0, *map(len, parts)])
        self.places = self._usable() if places is None else places

    def __reduce__(self) -> tuple[Any, ...]:
        return RowData, (self.parts, self.path, self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Row:
        place = int(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"row {place} of {len(self)}")
        return next(self._read(np.array([place % len(self)])))

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self._read(np.arange(start, min(start + _AT_ONCE, len(self))))

    @cached_property
    def strata(self) -> list[Stratum]:
        """Tasks, sources and data sets that occur together, in the order in which they first do."""
        return [Stratum(task, source, part.data_set) for part in self.parts for task, source in part.index.about.strata]

    @cached_property
    def stratum_of(self) -> np.ndarray:
        """The number of each row's stratum, int32 (N,)."""
        before = np.cumsum([0, *(len(part.index.about.strata) for part in self.parts)])
        codes = [part.index.column("stratum") + np.int32(count) for part, count in zip(self.parts, before, strict=False)]
        found: np.ndarray = np.concatenate(codes)[self.places]
        return found

    @cached_property
    def counts(self) -> np.ndarray:
        """How many rows each stratum has, (strata,)."""
        return np.bincount(self.stratum_of, minlength=len(self.strata))

    def tasks(self) -> np.ndarray:
        """The task of every row, in order, as objects (N,)."""
        return _taken([stratum.task for stratum in self.strata], self.stratum_of)

    def sources(self) -> np.ndarray:
        """The source of every row, in order, as objects (N,); empty text where there is none."""
        return _taken([stratum.source for stratum in self.strata], self.stratum_of)

    def task_counts(self) -> dict[str, int]:
        """Task -> how many rows it has, in the order in which tasks first occur."""
        found: dict[str, int] = {}
        for stratum, count in zip(self.strata, self.counts.tolist(), strict=True):
            if count:
                found[stratum.task] = found.get(stratum.task, 0) + count
        return found

    def indices_by_task(self) -> dict[str, np.ndarray]:
        """Task -> indices of its rows, in order."""
        return {task: self.of_task(task) for task in self.task_counts()}

    def of_task(self, task: str) -> np.ndarray:
        """Indices of the rows of a task, in order."""
        return self.where([stratum.task == task for stratum in self.strata])

    def where(self, wanted: Sequence[bool]) -> np.ndarray:
        """Indices of the rows of some strata, int32 in order.

        Args:
            wanted: of each stratum whether it is one of them.
        """
        return np.flatnonzero(np.array(wanted, dtype=bool)[self.stratum_of]).astype(np.int32)

    @cached_property
    def most_media(self) -> dict[str, int]:
        """The most videos and the most images that any row has, under `video` and `image`."""
        return {kind: int(self.column(f"{kind}s").max(initial=0)) for kind in KINDS}

    @cached_property
    def notes(self) -> dict[str, int]:
        """What is worth telling about rows that can be used -> of how many it is true."""
        found: dict[str, int] = {}
        for part in self.parts:
            for note, count in part.index.about.notes.items():
                found[note] = found.get(note, 0) + count
        return found

    @cached_property
    def rejected(self) -> int:
        """How many rows of the files cannot be used."""
        return sum(part.rejected for part in self.parts)

    def rejects(self) -> Iterator[Reject]:
        """The rows that cannot be used: those that could not be read, and those that `affectree data check` has found since."""
        return chain.from_iterable(part.rejects() for part in self.parts)

    def keep_rejects(self, rejects: Iterable[Reject]) -> None:
        """Keep what `affectree data check` found, in place of what it found before, for runs of these rows.

        Args:
            rejects: of rows that no run can use, whatever its settings. They are forgotten when the rows change, and each when
                the media of its row do.

        Raises:
            OSError: if they cannot be written.
        """
        rejects = list(rejects)
        for part in self.parts:
            part.keep(rejects)

    def refuse_rejects(self) -> None:
        """Raise `RowError` if a row of the files cannot be used: with the first ones, and how many there are."""
        if self.rejected:
            raise refusal(list(islice(self.rejects(), MOST_LISTED)), self.rejected, sum(map(len, self.parts)))

    def origin(self, index: int) -> tuple[Path, int]:
        """The file of a row, and the row's number in it, from 1."""
        place = int(self.places[index])
        part = int(np.searchsorted(self.starts, place, side="right")) - 1
        return self.parts[part].origin(place - int(self.starts[part]))

    def without(self, indices: Sequence[int] | np.ndarray) -> RowData:
        """These rows without some of them; the others are numbered anew."""
        return RowData(self.parts, self.path, np.delete(self.places, np.asarray(indices, dtype=np.int64)))

    def only(self, indices: Sequence[int] | np.ndarray) -> RowData:
        """Some of these rows, numbered anew."""
        return RowData(self.parts, self.path, self.places[np.asarray(indices, dtype=np.int64)])

    def column(self, name: str) -> np.ndarray:
        """A field of `rollout.rows.index.ROW` for every row, (N,)."""
        found: np.ndarray = np.concatenate([part.index.column(name) for part in self.parts])[self.places]
        return found

    def _usable(self) -> np.ndarray:
        found = np.concatenate([part.usable for part in self.parts])
        return np.flatnonzero(found).astype(np.int32)

    def _read(self, indices: np.ndarray) -> Iterator[Row]:
        places = self.places[indices]
        part_of = np.searchsorted(self.starts, places, side="right") - 1
        cuts = [0, *(np.flatnonzero(np.diff(part_of)) + 1).tolist(), len(places)]
        for begin, end in pairwise(cuts):
            part = int(part_of[begin])
            there = (places[begin:end] - self.starts[part]).tolist()
            yield from self.parts[part].read(there, indices[begin:end].tolist())


def _taken(values: Sequence[str], places: np.ndarray) -> np.ndarray:
    """Values at some places, as an array that refers to them."""
    found: np.ndarray = np.array([*values, None], dtype=object)[places]  # None, so that an empty one is of objects too
    return found


def joined(rows: Sequence[RowData], path: str) -> RowData:
    """Rows one after the other.

    Args:
        rows: at least one.
        path: what messages call them, where there are several.
    """
    if len(rows) == 1:
        return rows[0]
    before = np.cumsum([0, *(one.starts[-1] for one in rows)])
    places = [one.places + np.int32(start) for one, start in zip(rows, before, strict=False)]
    return RowData([part for one in rows for part in one.parts], path, np.concatenate(places))


def open_rows(
    path: Path | str, media_root: Path | None = None, row_format: FunctionSpec = AUTO, telling: Telling = SILENT
) -> RowData:
    """Open a file of rows, a folder of such files, a Hugging Face dataset folder or a pattern of paths.

    Args:
        path: the file, folder or pattern.
        media_root: folder that relative media paths start from; each file's own if None.
        row_format: how its rows are read: `data.format` with its parameters.
        telling: whom to tell how far reading has come.

    Raises:
        RowError: if there is no such file, or rows of it cannot be used.
        PluginError: if a format of the user's cannot be found, imported or called with its parameters.
    """
    part = open_part("", named_files(path), Reading(row_format, media_root=media_root), telling)
    rows = RowData([part], str(path))
    rows.refuse_rejects()
    return rows
