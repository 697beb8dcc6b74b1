"""Whether the files that rows name are there and are what they should be."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rewards.files import why_unreadable
from rollout.media.decoding import check_media
from rollout.media.medium import MediaError, Medium
from rollout.rows.row import Row

_REMEMBERED = 2**16
"""Files that a process remembers having looked for: a clip's rows mostly lie near each other."""


@dataclass(frozen=True)
class Missing:
    """A file that a row names and that is not there."""

    medium: Medium
    file: str
    problem: str
    """What is wrong, and what to do."""


def files_of(medium: Medium) -> tuple[str, ...]:
    """The files that a video or image is read from; none where the row holds its content."""
    return () if medium.content else medium.frames or (medium.path,)


def missing_file(row: Row) -> Missing | None:
    """The first file of a row's media that is not there; None if all are."""
    for medium in row.media:
        for file in files_of(medium):
            if problem := _missing(file):
                return Missing(medium, file, problem)
    return None


def unreadable(media: Iterable[Medium]) -> dict[Medium, str]:
    """Open videos and images (about 1 ms each); those that are none, or of another kind, with what is wrong with them."""
    opened = list(dict.fromkeys(media))
    with ThreadPoolExecutor() as pool:
        return {medium: problem for medium, problem in zip(opened, pool.map(_problem_with, opened), strict=True) if problem}


@lru_cache(maxsize=_REMEMBERED)
def _missing(name: str) -> str | None:
    file = Path(name)
    try:
        if file.is_file():
            return None
    except OSError as error:
        return f"{name[:200]}: {why_unreadable(file, error)}"
    if file.is_dir():
        return f"{file} is a folder; name a file"
    hint = "write the home folder's path instead of ~, " if "~" in file.parts else ""
    return f"{file} does not exist; {hint}relative paths start at `data.media_root`, or else at the file's own folder"


def forget_files() -> None:
    """Look for all files anew."""
    _missing.cache_clear()


def _problem_with(medium: Medium) -> str | None:
    try:
        check_media(medium)
    except MediaError as error:
        return str(error)
    return None
