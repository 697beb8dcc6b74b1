"""What is known of all rows of a split without reading them, kept in a folder of the cache: it is made once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rollout.rows.rejects import Reject, each_reject

ROW = np.dtype(
    [
        ("begin", "i8"),  # first byte in a file of JSON
        ("end", "i8"),  # the byte after its last one
        ("stratum", "i4"),  # number of its task and source; -1 for a row that cannot be used
        ("lowest", "u4"),  # the lowest and the highest of the numbers that its clips are drawn by
        ("highest", "u4"),
        ("shows", "u8"),  # a number of its media, the same for rows that show the same; 0 without any
        ("videos", "u2"),
        ("images", "u2"),
        ("turns", "u2"),  # before the question
        ("asked", "u4"),  # bytes of what is asked, all turns before the question included, in UTF-8
        ("spoken", "u4"),  # bytes of the assistant turn that tuning imitates
    ]
)
"""What is known of a row."""
UNUSABLE = -1
_ABOUT, _REJECTS = "index.json", "rejects.jsonl"


@dataclass(frozen=True)
class IndexedFile:
    """A file of rows."""

    path: str
    """Its absolute path."""
    rows: int
    row_format: str
    """Name of the format that it is in; empty if none of its rows can be read."""
    names: tuple[str, ...]
    """Columns of the file."""
    digest: str
    """Of what its rows hold (`Table.digest`)."""


@dataclass(frozen=True)
class About:
    """What is known of all rows together."""

    files: Sequence[IndexedFile]
    strata: Sequence[tuple[str, str]]
    """Tasks and sources that occur together, in the order in which they first do."""
    rejected: int
    """How many rows cannot be used."""
    notes: Mapping[str, int]
    """What is worth telling about usable rows -> of how many it is true."""
    missing: Sequence[str]
    """Some of the media that were not there."""


class Index:
    """The index in a folder. Its numbers are memory-mapped; another process that is sent it maps them itself.

    All of it is opened at once: who indexes other contents of the same files removes the folder, and what is open stays.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._columns: dict[str, np.ndarray] = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ROW.names or ()}
        found = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        files = [IndexedFile(**{**one, "names": tuple(one["names"])}) for one in found.pop("files")]
        self.about = About(files=files, strata=[(task, source) for task, source in found.pop("strata")], **found)
        """Of all rows together what is known of them."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Index, (self.folder,)

    def column(self, name: str) -> np.ndarray:
        """One field of `ROW` for all rows, (N,)."""
        return self._columns[name]

    def rejects(self) -> Iterator[Reject]:
        """The rows that cannot be used, with the absolute paths of their files."""
        return each_reject(self.folder / _REJECTS)


def write_index(folder: Path, rows: np.ndarray, about: About) -> None:
    """Write an index into a folder that has its rejects already."""
    for name in ROW.names or ():
        np.save(folder / f"{name}.npy", rows[name])
    (folder / _ABOUT).write_text(json.dumps(asdict(about)), encoding="utf-8")


def rejects_file(folder: Path) -> Path:
    """Where an index has its rejects."""
    return folder / _REJECTS
