"""By which clips a row is drawn into a split: every clip has a number, the same wherever its data set lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rollout.media.medium import Medium
from rollout.rows.row import Row

RANGE = 2**32
"""Numbers of clips are evenly spread over 0 … 2^32 - 1."""


def drawn_by(row: Row, root: Path) -> tuple[int, int]:
    """The lowest and the highest number of a row's clips; twice that of its text where it has none.

    Args:
        row: the row.
        root: folder that relative media paths start from.
    """
    numbers = [clip_number(medium, root) for medium in row.media]
    if not numbers:
        numbers = [_number(f"{row.question}\0{row.reference}\0{row.answer}".encode("utf-8", errors="surrogatepass"))]
    return min(numbers), max(numbers)


def clip_number(medium: Medium, root: Path) -> int:
    """The number of a clip. All parts of a video are one clip.

    Args:
        medium: the clip.
        root: folder that relative media paths start from.
    """
    if medium.content:
        return _number(medium.content)
    files = medium.frames or (medium.path,)
    return _number("\0".join(file.removeprefix(f"{root}/") for file in files).encode("utf-8", errors="surrogatepass"))


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=4).digest(), "little")
