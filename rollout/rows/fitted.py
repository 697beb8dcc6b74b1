"""Rows of which some have smaller media than the run's settings give them, so that their prompts fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rollout.rows.data import RowData
from rollout.rows.row import Row


class FittedRows(RowData):
    """Rows as another `RowData` has them, but for the media of some."""

    def __init__(self, rows: RowData, limits: Mapping[int, tuple[int, int]]) -> None:
        """
        Args:
            rows: all of them.
            limits: a row's place among those of all parts -> (frames, pixels) that its media have at most.
        """
        super().__init__(rows.parts, rows.path, rows.places)
        known: Mapping[int, tuple[int, int]] = rows.limits if isinstance(rows, FittedRows) else {}
        self.limits: dict[int, tuple[int, int]] = {**known, **limits}

    def __reduce__(self) -> tuple[Any, ...]:
        return FittedRows, (RowData(self.parts, self.path, self.places), self.limits)

    def without(self, indices: Sequence[int] | np.ndarray) -> RowData:
        return FittedRows(super().without(indices), self.limits)

    def only(self, indices: Sequence[int] | np.ndarray) -> RowData:
        return FittedRows(super().only(indices), self.limits)

    def _read(self, indices: np.ndarray) -> Iterator[Row]:
        for row in super()._read(indices):
            limits = self.limits.get(int(self.places[row.index]))
            yield replace(row, media=tuple(medium.at_most(*limits) for medium in row.media)) if limits else row
