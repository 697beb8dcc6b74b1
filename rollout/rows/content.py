"""What the files of a split hold, in few words: by these it is seen whether the rows are those that they were."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.rows.cache import digest
from rollout.rows.part import Part

_NAMED = 3
"""Files of a kind that are named; of others there is a number."""


@dataclass(frozen=True)
class FileContent:
    """What a file of rows holds."""

    name: str
    """Its path from the folder that all files of the split are in."""
    rows: int
    digest: str
    """Of its rows as they are written there; media are not part of it."""


@dataclass(frozen=True)
class Content:
    """What the files of a split hold, wherever they lie."""

    files: tuple[FileContent, ...]
    """In the order of their rows."""

    @property
    def rows(self) -> int:
        """Rows of all files, those that cannot be used too."""
        return sum(file.rows for file in self.files)

    @property
    def digest(self) -> str:
        """Of all rows in their order."""
        return digest(*(f"{file.rows} {file.digest}" for file in self.files))


def content_of(parts: Sequence[Part]) -> Content:
    """What the files of some parts hold, by their indexes."""
    files = [file for part in parts for file in part.index.about.files]
    above = os.path.commonpath([Path(file.path).parent for file in files])
    return Content(tuple(FileContent(str(Path(file.path).relative_to(above)), file.rows, file.digest) for file in files))


def difference(before: Content, now: Content) -> str | None:
    """In what two contents of a split differ, in words; None if they hold the same rows in the same order."""
    if before.digest == now.digest:
        return None
    return f"{before.rows} rows before, {now.rows} now: {'; '.join(_differing_files(before, now)) or 'files in another order'}"


def _differing_files(before: Content, now: Content) -> Iterator[str]:
    was, there = ({file.name: file for file in one.files} for one in (before, now))
    changed = [file for name, file in there.items() if name in was and was[name].digest != file.digest]
    for what, found in (
        ("changed", [f"{file.name} ({was[file.name].rows} rows, now {file.rows})" for file in changed]),
        ("added", [f"{name} ({file.rows} rows)" for name, file in there.items() if name not in was]),
        ("gone", [f"{name} ({file.rows} rows)" for name, file in was.items() if name not in there]),
    ):
        if found:
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            yield f"{what}: {', '.join(found[:_NAMED])}{more}"
