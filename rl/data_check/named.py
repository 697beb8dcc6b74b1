"""Which rows of a split name which medium."""

from __future__ import annotations

import numpy as np

from rl.data_check.facts import NAMED, distinct


class Named:
    """The media that the rows of a split name, sorted by medium: 16 bytes for each."""

    def __init__(self, named: list[np.ndarray]) -> None:
        """
        Args:
            named: `NAMED` (n,) of successive rows.
        """
        everything = np.concatenate([np.zeros(0, NAMED), *named])
        self._sorted = everything[np.argsort(everything["medium"], kind="stable")]

    def distinct(self) -> np.ndarray:
        """Each medium once, with the first row that names it, in the order of these rows; `NAMED` (n,)."""
        return distinct(self._sorted)

    def rows_of(self, medium: int) -> list[int]:
        """The rows that name a medium, in order."""
        first, last = (np.searchsorted(self._sorted["medium"], np.uint64(medium), side) for side in ("left", "right"))
        return list(dict.fromkeys(self._sorted["row"][first:last].tolist()))

    def rows_per_medium(self) -> np.ndarray:
        """How many rows name each medium, int64 (media,)."""
        _, counts = np.unique(self._sorted["medium"], return_counts=True)
        found: np.ndarray = counts
        return found
