"""Numbers of clips, the same wherever their data set lies: by them rows are drawn into a split, and those about one clip are
found."""

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
    return _number(medium.content or "\0".join(_files(medium, root)).encode("utf-8", errors="surrogatepass"))


def shows(row: Row, root: Path) -> int:
    """The number of what a row shows, of 64 bits: the same for rows with the same media, of the same parts, in the same order.

    Args:
        row: the row.
        root: folder that relative media paths start from.

    Returns:
        0 for a row without media.
    """
    if not row.media:
        return 0
    found = hashlib.blake2b(digest_size=8)
    for medium in row.media:
        part = repr((medium.kind, _files(medium, root), medium.start, medium.end, len(medium.content)))
        found.update(part.encode("utf-8", errors="surrogatepass") + medium.content)
    return int.from_bytes(found.digest(), "little")


def _files(medium: Medium, root: Path) -> list[str]:
    return [file.removeprefix(f"{root}/") for file in medium.frames or (medium.path,)]


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=4).digest(), "little")
