"""Each distinct video and image is looked at once: whether it can be read, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from rl.data_check.facts import medium_digest
from rollout.media.medium import ClipSpec, MediaError, Medium, Shape
from rollout.rows.data import RowData

_AT_ONCE = 256
"""Media that are read from rows in one piece."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class MediumLook:
    """What was found of a medium."""

    digest: int
    medium: Medium
    shape: Shape | None
    """What it becomes; None if it cannot be used."""
    problem: str = ""
    """Why it cannot be used."""

    @property
    def key(self) -> str:
        """The column that names media of its kind."""
        return f"{self.medium.kind}s"


def look_at_media(
    rows: RowData, named: np.ndarray, look: Callable[[Medium, ClipSpec], Shape], spec: ClipSpec, threads: int
) -> Iterator[MediumLook]:
    """Look at media, in the order in which they are given.

    Args:
        rows: of their split.
        named: `facts.NAMED` (n,): each medium with a row that names it.
        look: finds out what a medium becomes, or raises `MediaError`; it is called from several threads.
        spec: how the run decodes media.
        threads: how many media are looked at at a time.
    """
    return over_media(rows, named, partial(_look, look, spec), threads)


def over_media(
    rows: RowData, named: np.ndarray, function: Callable[[tuple[int, Medium]], Found], threads: int
) -> Iterator[Found]:
    """What a function makes of each digest with its medium, in order, by several threads."""
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(named), _AT_ONCE):
            yield from pool.map(function, list(media_of(rows, named[start : start + _AT_ONCE])))


def media_of(rows: RowData, named: np.ndarray) -> Iterator[tuple[int, Medium]]:
    """Digests and media, in the order of `named`."""
    for row, wanted in zip(named["row"].tolist(), named["medium"].tolist(), strict=True):
        yield wanted, next(medium for medium in rows[row].media if medium_digest(medium) == wanted)


def _look(look: Callable[[Medium, ClipSpec], Shape], spec: ClipSpec, given: tuple[int, Medium]) -> MediumLook:
    digest, medium = given
    try:
        return MediumLook(digest, medium, look(medium, medium.limited(spec)))
    except MediaError as error:
        return MediumLook(digest, medium, None, str(error))
