"""Rows that `affectree data check` found unusable, though reading alone does not show it: kept beside the rows' index."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rollout.rows.media_files import files_of
from rollout.rows.rejects import Reject
from rollout.rows.row import Row

_FILE = "checked.jsonl"


@dataclass(frozen=True)
class Checked:
    """A row that cannot be used, as long as its media are what they were."""

    place: int
    """Its place among the rows of the index, from 0."""
    reject: Reject
    media: dict[str, list[int]]
    """Its files -> their size and time of change."""


def read_checked(folder: Path) -> Iterator[Checked]:
    """Those that are kept beside the index in a folder, without those whose media have changed."""
    file = folder / _FILE
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if all(_stamp(name) == stamp for name, stamp in found["media"].items()):
            yield Checked(found["place"], Reject(**found["reject"]), found["media"])


def write_checked(folder: Path, found: Iterable[Checked]) -> None:
    """Keep these and no others beside the index in a folder."""
    aside = folder / f".{_FILE}.{os.getpid()}"
    aside.write_text("".join(json.dumps(asdict(one)) + "\n" for one in found), encoding="utf-8")
    aside.replace(folder / _FILE)


def stamps_of(row: Row) -> dict[str, list[int]]:
    """The files of a row's media -> their size and time of change."""
    return {file: _stamp(file) for medium in row.media for file in files_of(medium)}


def _stamp(file: str) -> list[int]:
    try:
        about = Path(file).stat()
    except OSError:
        return []
    return [about.st_size, about.st_mtime_ns]
