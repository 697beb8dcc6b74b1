"""Whether the prompts of all rows that a run can draw fit, found out before any engine starts; and what is done where one does
not (`data.too_long`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rl.config.schema import Config
from rl.record.console import warn
from rl.record.time_left import phase
from rl.run.preparation import Splits
from rl.run.row_limits import Use, uses_of
from rollout.lengths import Bounds, Measured
from rollout.media.medium import MediaError
from rollout.prompt_checks import PromptTooLong
from rollout.rows.data import RowData
from rollout.rows.fitted import FittedRows
from rollout.rows.row import Row

Measure = Callable[[Sequence[Row], int, bool, bool], list[Measured]]
"""`LearnerGroup.measure`."""
_AT_ONCE = 4096
"""Rows that are measured in one piece."""
_LISTED = 10
"""Rows that a message names."""
_HELP = "raise rollout.max_model_len, lower data.max_frames or data.max_pixels, or set data.too_long to"


def fitting(config: Config, splits: Splits, bounds: Bounds, measure: Measure) -> Splits:
    """The splits without rows that are too long, or with smaller media for these, as `data.too_long` says.

    Args:
        config: the run's.
        splits: all rows.
        bounds: what their prompts have at most; only those that may be too long by that are measured.
        measure: measures rows.

    Raises:
        PromptTooLong: with the first rows that are too long, if they are neither to be left out nor fitted, or cannot be.
        MediaError: for the first row whose media cannot be measured, if it is not to be left out (`data.bad_rows`).
    """
    found = {
        name: _Fitting(config, name, bounds, measure).of(rows)
        for name, rows in (("train", splits.train), ("val", splits.val), ("test", splits.test))
    }
    return replace(splits, train=found["train"], val=found["val"], test=found["test"])


@dataclass
class _Fitting:
    """Measures the rows of a split, each once, and sees to those that are too long."""

    config: Config
    split: str
    bounds: Bounds
    measure: Measure
    known: dict[tuple[int, bool], Measured] = field(default_factory=dict)
    """What was found about rows, by place, with their assistant turn and without."""

    def of(self, rows: RowData) -> RowData:
        """The rows that fit. Where some are left out, others are drawn in their place, which have to fit as well."""
        while True:
            for use in uses_of(self.config, self.split, rows, self.bounds):
                changed = self._settled(rows, use)
                if changed is not rows:
                    rows = changed
                    break
            else:
                return rows

    def _settled(self, rows: RowData, use: Use) -> RowData:
        most = self.bounds.of(rows, use.reply)[use.indices]
        doubtful = most > np.minimum(use.limit, use.comfort)
        indices, comfort = use.indices[doubtful], use.comfort[doubtful]
        self._measure(rows, indices, use)
        found = [self.known[int(rows.places[index]), use.reply] for index in indices]
        bad = [number for number, one in enumerate(found) if one.problem]
        if bad:
            return self._without_unusable(rows, indices[bad], [found[number] for number in bad])
        long = [number for number, one in enumerate(found) if one.tokens > use.limit]
        if long:
            return self._without_long(rows, use, indices[long], [found[number] for number in long])
        heavy = [number for number, one in enumerate(found) if one.tokens > comfort[number]]
        if heavy:
            warn(f"{self.split}: {len(heavy)} {use.discomfort}, {_first(rows, indices[heavy], [found[n] for n in heavy])}")
        return rows

    def _measure(self, rows: RowData, indices: np.ndarray, use: Use) -> None:
        unknown = np.array([index for index in indices if (int(rows.places[index]), use.reply) not in self.known], dtype=np.int64)
        starts = range(0, len(unknown), _AT_ONCE)
        with phase(f"measure the prompts of {self.split}", len(starts)) as shown:
            for start in starts:
                piece = unknown[start : start + _AT_ONCE]
                found = self.measure(list(rows.only(piece)), use.limit, use.reply, self.config.data.too_long == "fit")
                self.known.update({(int(rows.places[i]), use.reply): one for i, one in zip(piece, found, strict=True)})
                shown.step()

    def _without_unusable(self, rows: RowData, indices: np.ndarray, found: Sequence[Measured]) -> RowData:
        file, number = rows.origin(int(indices[0]))
        first = f"{file}, row {number}: {found[0].problem}"
        if self.config.data.bad_rows == "refuse":
            raise MediaError(first)
        warn(f"{self.split}: {len(indices)} rows are left out whose media cannot be used, first {first}")
        return rows.without(indices)

    def _without_long(self, rows: RowData, use: Use, indices: np.ndarray, found: Sequence[Measured]) -> RowData:
        what = self.config.data.too_long
        fits = {int(rows.places[i]): one.fit for i, one in zip(indices, found, strict=True) if one.fit}
        if what == "refuse" or (what == "fit" and len(fits) < len(indices)):
            lost = [number for number, one in enumerate(found) if not one.fit]
            raise PromptTooLong(_too_long(rows, use, indices[lost], [found[n] for n in lost], tried=what == "fit"))
        if what == "drop":
            warn(
                f"{self.split}: {len(indices)} of {len(use.indices)} rows are left out for being too long, with {use.limit} "
                f"{use.because}: {_first(rows, indices, found)}"
            )
            return rows.without(indices)
        shares = [one.fit.tokens / one.tokens for one in found if one.fit]
        fewer = sum(fit.fewer for fit in fits.values())
        warn(
            f"{self.split}: {len(fits)} of {len(use.indices)} rows are given smaller media, with {use.limit} {use.because}: they "
            f"keep {np.median(shares):.0%} of their tokens in the median, {min(shares):.0%} at least, and {fewer} of them lose "
            f"frames; {_first(rows, indices, found)}"
        )
        for place, fit in fits.items():
            self.known.pop((place, not use.reply), None)
            self.known[place, use.reply] = Measured(fit.tokens)
        return FittedRows(rows, {place: (fit.frames, fit.pixels) for place, fit in fits.items()})


def _too_long(rows: RowData, use: Use, indices: np.ndarray, found: Sequence[Measured], tried: bool) -> str:
    """The message about rows that are too long; `tried` if it was tried to fit them."""
    listed = [f"  - {_named(rows, int(index), one)}" for index, one in zip(indices[:_LISTED], found, strict=False)]
    more = [f"  - … and {len(indices) - _LISTED} more"] if len(indices) > _LISTED else []
    still, other = (" even with the smallest media", "drop") if tried else ("", "drop or fit")
    what = f"{len(indices)} of {len(use.indices)} rows are too long{still}, with {use.limit} {use.because}; {_HELP} {other}:"
    return "\n".join([what, *listed, *more])


def _first(rows: RowData, indices: np.ndarray, found: Sequence[Measured]) -> str:
    return f"first {_named(rows, int(indices[0]), found[0])}"


def _named(rows: RowData, index: int, one: Measured) -> str:
    file, number = rows.origin(index)
    return f"{file}, row {number}: {one.tokens} tokens"
