"""Whether the files that rows name are there and are what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rewards.files import why_unreadable
from rollout.media import MediaError, Medium, check_media
from rollout.row_files import RowError

_OPENED_AT_START = 10_000
"""Files that are opened before a run starts (about 1 ms each); `affectree data check --decode` looks at all."""


class NamedFiles:
    """The videos and images of a file of rows. A wrong one is refused with the first row that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first_row: dict[Medium, int] = {}

    def look(self, index: int, media: Sequence[Medium]) -> None:
        """Look for the files of a row; raises `RowError` if one is not there."""
        for medium in media:
            if medium not in self._first_row:
                if problem := _missing(Path(medium.path)):
                    raise self._error(index, medium, problem)
                self._first_row[medium] = index

    def open_first(self) -> None:
        """Open the first files that were looked for; raises `RowError` if one is of another kind."""
        opened = list(self._first_row)[:_OPENED_AT_START]
        with ThreadPoolExecutor() as pool:
            for medium, problem in zip(opened, pool.map(_problem_with, opened), strict=True):
                if problem:
                    raise self._error(self._first_row[medium], medium, problem)

    def _error(self, index: int, medium: Medium, problem: str) -> RowError:
        return RowError(f"{self.path}, row {index + 1}, key `{medium.kind}s`: {problem}")


def _missing(file: Path) -> str | None:
    try:
        if file.is_file():
            return None
    except OSError as error:
        return f"{str(file)[:200]}: {why_unreadable(file, error)}"
    if file.is_dir():
        return f"{file} is a folder; name a file"
    hint = "write the home folder's path instead of ~, " if "~" in file.parts else ""
    return f"{file} does not exist; {hint}relative paths start at `data.media_root`, or else at the file's own folder"


def _problem_with(medium: Medium) -> str | None:
    try:
        check_media(medium)
    except MediaError as error:
        return str(error)
    return None
