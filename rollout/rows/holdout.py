"""Training clips that are held out as val, where a data set brings no val rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rollout.rows.clips import RANGE
from rollout.rows.data import RowData
from rollout.rows.row import RowError


@dataclass(frozen=True)
class HeldOut:
    """Training rows in two. No clip is in both parts."""

    train: RowData
    val: RowData
    clips: int
    """Clips of val; a row without any counts as one."""
    in_neither: int
    """Rows that have clips of both, and are left out."""


def hold_out(rows: RowData, share: float) -> HeldOut:
    """Hold out a share of the clips, at least one: always the same ones, whatever else is in the data set.

    Args:
        rows: the training rows.
        share: of the clips; above 0.

    Raises:
        RowError: if nothing is left to train on.
    """
    lowest, highest = (rows.column(name).astype(np.int64) for name in ("lowest", "highest"))
    limit = max(int(share * RANGE), int(highest.min(initial=RANGE)) + 1)
    val, train = np.flatnonzero(highest < limit), np.flatnonzero(lowest >= limit)
    if not len(train):
        raise RowError(f"{rows.path}: all rows are about one clip, which cannot be held out as val; name val rows in data.val")
    held = RowData(rows.parts, f"{rows.path}, held out as val", rows.places[val])
    return HeldOut(rows.only(train), held, len(np.unique(highest[val])), len(rows) - len(train) - len(val))
