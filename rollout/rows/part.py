"""The rows of a split of one data set, by their index: what each is weighed by, where it is, and which cannot be used."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rollout.rows.cache import cache_folder, code_digest, content_digest, digest, kept
from rollout.rows.checked import Checked, read_checked, stamps_of, write_checked
from rollout.rows.index import UNUSABLE, Index
from rollout.rows.indexing import make_index
from rollout.rows.media_files import forget_files, missing_file
from rollout.rows.progress import Telling
from rollout.rows.reading import FileRows, Reading, reopen_file
from rollout.rows.rejects import Reject
from rollout.rows.row import Row, RowError
from rollout.rows.table import reopen_table

_LOOKED_AT = 256
"""Rows whose media are looked for at every start, spread over all."""


class Part:
    """Rows of files that are read alike. Another process that is sent it opens the files itself."""

    def __init__(self, data_set: str, named: Sequence[Path], reading: Reading, index: Index) -> None:
        """
        Args:
            data_set: the name of their data set; empty where a run has but one.
            named: the files as the user names them; those that cannot be read at all are not in the index.
            reading: how they are read.
            index: of all their rows.
        """
        self.data_set = data_set
        self.named = named
        self.reading = reading
        self.index = index

    def __reduce__(self) -> tuple[Any, ...]:
        return Part, (self.data_set, self.named, self.reading, self.index)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def _name_of(self) -> dict[str, Path]:
        """A file as the index has it -> as the user names it."""
        return {str(file.absolute()): file for file in self.named}

    @cached_property
    def files(self) -> list[FileRows]:
        """The files that can be read."""
        begin, end = self.index.column("begin"), self.index.column("end")
        found = []
        for file, start in zip(self.index.about.files, self.starts.tolist(), strict=False):
            table = reopen_table(self._name_of[file.path], begin[start : start + file.rows], end[start : start + file.rows])
            reading = replace(self.reading, row_format=replace(self.reading.row_format, target=file.row_format))
            found.append(reopen_file(table, reading if file.row_format else self.reading, file.names))
        return found

    @cached_property
    def starts(self) -> np.ndarray:
        """Place of each file's first row, and the end of the last one, (files + 1,)."""
        return np.cumsum([0, *(file.rows for file in self.index.about.files)])

    @cached_property
    def checked(self) -> list[Checked]:
        """Rows that `affectree data check` has found unusable since, by their places."""
        return list(read_checked(self.index.folder))

    @cached_property
    def usable(self) -> np.ndarray:
        """Of each row whether it can be used, (N,)."""
        found: np.ndarray = self.index.column("stratum") != UNUSABLE
        found[[one.place for one in self.checked]] = False
        return found

    @property
    def rejected(self) -> int:
        """How many rows cannot be used."""
        return self.index.about.rejected + len(self.checked)

    def rejects(self) -> Iterator[Reject]:
        """The rows that cannot be used."""
        for reject in chain(self.index.rejects(), (one.reject for one in self.checked)):
            yield replace(reject, file=str(self._name_of[reject.file]))

    def origin(self, place: int) -> tuple[Path, int]:
        """The file of a row, and the row's number in it, from 1."""
        file = int(np.searchsorted(self.starts, place, side="right")) - 1
        return self._name_of[self.index.about.files[file].path], place - int(self.starts[file]) + 1

    def keep(self, rejects: Iterable[Reject]) -> None:
        """Keep which of these rows `affectree data check` has rejected; rejects of other files' rows are passed over.

        Raises:
            OSError: if they cannot be written.
        """
        start_of = {file.path: start for file, start in zip(self.index.about.files, self.starts.tolist(), strict=False)}
        strata = self.index.column("stratum")
        found = []
        for reject in rejects:
            file = str(Path(reject.file).absolute())
            place = start_of.get(file, 0) + reject.row - 1
            if file in start_of and reject.row and strata[place] != UNUSABLE:
                (row,) = self.read([place], [place])
                found.append(Checked(place, replace(reject, file=file), stamps_of(row)))
        write_checked(self.index.folder, found)

    def read(self, places: Sequence[int], indices: Sequence[int]) -> Iterator[Row]:
        """Rows that can be used.

        Args:
            places: of all rows, from 0.
            indices: what becomes their `Row.index`.

        Raises:
            RowError: if one cannot be read any more.
        """
        file_of = np.searchsorted(self.starts, places, side="right") - 1
        cuts = [0, *(np.flatnonzero(np.diff(file_of)) + 1).tolist(), len(places)]
        for begin, end in pairwise(cuts):
            file = int(file_of[begin])
            there = [place - int(self.starts[file]) for place in places[begin:end]]
            for row in self.files[file].read(there, indices[begin:end]):
                if isinstance(row, RowError):
                    raise row
                yield row


def open_part(data_set: str, files: Sequence[Path], reading: Reading, telling: Telling) -> Part:
    """Rows of files, with their index, which is made where it is not kept yet.

    Args:
        data_set: the name of their data set.
        files: in order.
        reading: how they are read.
        telling: whom to tell how far it has come.

    Raises:
        RowError: if no file can be read.
        PluginError: if the format cannot be loaded.
    """
    make = partial(make_index, files=files, reading=reading, telling=telling)
    what = digest(*(str(file.absolute()) for file in files), reading.text)
    content = digest(content_digest(files), code_digest())

    def still_true(folder: Path) -> bool:
        return _media_are_as_they_were(Part(data_set, files, reading, Index(folder)))

    def wait() -> None:
        telling.line("another process is reading these rows; waiting for it")

    try:
        folder = kept("indexes", what, content, make, still_true, wait)
    except OSError as error:
        where = error.filename or cache_folder()
        telling.warning(
            f"what is known of the rows cannot be kept ({where}: {error.strerror}), so that all are read at every start; "
            "free some space, or set AFFECTREE_CACHE to a folder that can be written to"
        )
        folder = Path(tempfile.mkdtemp(prefix="affectree-rows-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        make(folder)
    return Part(data_set, files, reading, Index(folder))


def _media_are_as_they_were(part: Part) -> bool:
    """Whether what was missing is so still, and the media of some rows, spread over all, are still there."""
    forget_files()
    if any(Path(file).is_file() for file in part.index.about.missing):
        return False
    usable = np.flatnonzero(part.index.column("stratum") != UNUSABLE)
    some = usable[:: max(1, -(-len(usable) // _LOOKED_AT))].tolist()
    try:
        return not any(missing_file(row) for row in part.read(some, some))
    except RowError:
        return False
