"""How many tokens prompts have under a checkpoint's own processor, and which rows have more than they may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rollout.media.medium import ClipSpec
from rollout.rows.data import RowData
from rollout.rows.mixing import spread
from rollout.rows.parallel import in_order
from rollout.rows.progress import Telling
from rollout.rows.row import Row

if TYPE_CHECKING:
    from rollout.lengths import Bounds, PromptLengths

_PIECE = 256
"""Rows that are measured in one piece."""
_SHOWN = 2000
"""Rows of a split that are measured to say how long prompts are, where none may be too long."""


class Limit(Protocol):
    """Rows that are used alike: `rl.run.row_limits.Use`."""

    @property
    def indices(self) -> np.ndarray:
        """Of the split, int (n,)."""

    @property
    def limit(self) -> int:
        """Tokens that a row may have."""

    @property
    def because(self) -> str:
        """What sets the limit."""

    @property
    def reply(self) -> bool:
        """Whether the assistant turn is counted too."""


@dataclass(frozen=True)
class Positions:
    """All rows, where no run is known: a prompt must not be longer than what a checkpoint was trained for."""

    indices: np.ndarray
    limit: int
    because: str = "positions that the model was trained for"
    reply: bool = False


def trained_positions(split: str, rows: RowData, bounds: Bounds) -> Iterable[Limit]:
    """The limit of all rows, where no run is known."""
    return [Positions(np.arange(len(rows)), bounds.positions)]


@dataclass(frozen=True)
class Checkpoint:
    """Whose processor counts, and how media become frames."""

    folder: str
    clip: ClipSpec
    dtype: str
    """What engines compute in."""
    trust: bool = False
    """Run code that the checkpoint brings."""


@dataclass(frozen=True)
class Long:
    """A row that has more tokens than it may."""

    place: int
    tokens: int
    limit: int
    because: str


@dataclass(frozen=True)
class Lengths:
    """What was found of a split."""

    tokens: np.ndarray
    """Tokens of the prompts that were measured, int (n,)."""
    long: tuple[Long, ...]


def bounds_of(checkpoint: Checkpoint) -> Bounds:
    """What prompts have at most; found out in a process of its own, which brings torch."""
    return next(iter(in_order(partial(_bounds, checkpoint), [()], several=True)))


def measure(rows: RowData, bounds: Bounds, limits: Iterable[Limit], checkpoint: Checkpoint, telling: Telling) -> Lengths:
    """Measure the prompts of a split that may be too long, and some others.

    Args:
        rows: of the split.
        bounds: as `bounds_of` gives them.
        limits: how long which rows may be.
        checkpoint: whose processor counts.
        telling: whom to tell how far it has come.
    """
    some = spread(range(len(rows)), _SHOWN)
    tokens = np.array([count for count in _counts(rows, some, False, checkpoint, telling) if count], dtype=np.int64)
    long: dict[int, Long] = {}
    for one in limits:
        doubtful = one.indices[bounds.of(rows, one.reply)[one.indices] > one.limit].tolist()
        for place, count in zip(doubtful, _counts(rows, doubtful, one.reply, checkpoint, telling), strict=True):
            if count > one.limit:
                long.setdefault(place, Long(place, count, one.limit, one.because))
    return Lengths(tokens, tuple(long[place] for place in sorted(long)))


def _counts(rows: RowData, places: Sequence[int], reply: bool, checkpoint: Checkpoint, telling: Telling) -> Iterator[int]:
    """Tokens of each row; 0 for one whose media cannot be used, which is told elsewhere."""
    pieces = [places[start : start + _PIECE] for start in range(0, len(places), _PIECE)]
    with telling.phase("measure prompts", len(pieces)) as shown:
        rows_of = (list(rows.only(piece)) for piece in pieces)
        for found in in_order(partial(_measured, checkpoint, reply), rows_of, several=True):
            yield from found
            shown.step()


def _bounds(checkpoint: Checkpoint, nothing: Any) -> Bounds:
    return _measurer(checkpoint).bounds()


def _measured(checkpoint: Checkpoint, reply: bool, rows: Sequence[Row]) -> list[int]:
    return [_measurer(checkpoint).measure(row, 0, reply, fit=False).tokens for row in rows]


@lru_cache(maxsize=1)
def _measurer(checkpoint: Checkpoint) -> PromptLengths:
    """This process's measurer."""
    from transformers import AutoConfig, AutoProcessor

    from rollout.lengths import PromptLengths
    from rollout.media.store import MediaStore
    from rollout.prompts import PromptEncoder

    processor = AutoProcessor.from_pretrained(checkpoint.folder, trust_remote_code=checkpoint.trust)  # type: ignore[no-untyped-call]
    config = AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=checkpoint.trust)
    return PromptLengths(PromptEncoder(processor, config, MediaStore(checkpoint.clip, 0), checkpoint.dtype))
