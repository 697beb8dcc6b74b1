"""What is kept of each row while all are looked at: numbers and digests, a few dozen bytes a row."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np

from rollout.media.medium import Medium
from rollout.rows.media_files import files_of
from rollout.rows.row import Row

ROW = np.dtype(
    [
        ("whole", "u8"),  # digest of all that a run reads of it
        ("asked", "u8"),  # digest of what is asked about what
        ("gold", "u8"),  # digest of what is known to be right
        ("question", "i4"),  # characters of the question and of the turns before it
        ("reply", "i4"),  # characters of the assistant turn; NO_REPLY without one
        ("media", "i2"),  # videos and images
    ]
)
"""A row's facts."""
NAMED = np.dtype([("row", "i8"), ("medium", "u8")])
"""A row's place in its split, and the digest of a medium that it names."""
FILE = np.dtype([("row", "i8"), ("medium", "u8"), ("file", "u8"), ("size", "i8")])
"""A medium with a row that names it, the digest of its file's place, and its bytes."""
NO_REPLY = -1


def facts_of(row: Row, media: tuple[int, ...]) -> tuple[int, ...]:
    """A row's facts, in the order of `ROW`.

    Args:
        row: the row.
        media: the digests of its media.
    """
    context = [f"{turn.role} {turn.text}" for turn in row.context]
    asked = digest(row.question, *context, *map(str, media), *row.options)
    gold = digest(row.answer, *row.answers, row.tree)
    whole = digest(str(asked), str(gold), row.reference, row.task, row.source)
    characters = len(row.question) + sum(map(len, context))
    reply = NO_REPLY if row.reference is None else len(row.reference)
    return whole, asked, gold, characters, reply, len(media)


def medium_digest(medium: Medium) -> int:
    """A number that is the same for equal media."""
    span = f"{medium.kind} {medium.start} {medium.end}"
    return digest(span, medium.path if not medium.content else "", *medium.frames, content=medium.content)


def size_of(medium: Medium) -> int:
    """The bytes of a medium's files; 0 if one is not there, which is told elsewhere."""
    try:
        return len(medium.content) or sum(Path(path).stat().st_size for path in files_of(medium))
    except OSError:
        return 0


def distinct(named: np.ndarray) -> np.ndarray:
    """Each medium once, with the first row that names it, in the order of these rows; `NAMED` or `FILE`, (n,)."""
    _, first = np.unique(named["medium"], return_index=True)
    found: np.ndarray = named[np.sort(first)]
    return found


def digest(*texts: str | None, content: bytes = b"") -> int:
    """64 bits of a hash over texts, each told apart from its neighbours, and bytes."""
    found = blake2b(content, digest_size=8)
    for text in texts:
        part = b"\xff" if text is None else text.encode("utf-8", errors="surrogatepass")
        found.update(len(part).to_bytes(8, "little") + part)
    return int.from_bytes(found.digest(), "little")
