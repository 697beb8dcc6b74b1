"""What `affectree data check` has found out about a data set, as figures that a terminal and a page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl.data_check.finding import Severity

QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
"""Shares at which distributions are shown: least, 5 %, median, 95 %, most."""


@dataclass(frozen=True)
class Spread:
    """How a figure is spread over rows or clips."""

    what: str
    """The figure, with its unit."""
    values: tuple[float, ...]
    """At each of `QUANTILES`."""

    @classmethod
    def of(cls, what: str, figures: np.ndarray) -> Spread | None:
        """The spread of figures (n,); None if there are none."""
        return cls(what, tuple(float(value) for value in np.quantile(figures, QUANTILES))) if len(figures) else None


@dataclass(frozen=True)
class LabelBalance:
    """How often each label is right, in the rows of a task."""

    task: str
    labels: tuple[tuple[str, int], ...]
    """Label and rows, the most frequent first."""
    distinct: int
    """How many labels there are."""


@dataclass(frozen=True)
class Group:
    """Rows of one task and source."""

    task: str
    source: str
    data_set: str
    """Empty where there is but one."""
    rows: int


@dataclass(frozen=True)
class SplitSummary:
    """The rows of a split that can be used."""

    name: str
    """`train`, `val`, `test`, or empty where there are no splits."""
    path: str
    rows: int
    media: int
    """Distinct videos and images."""
    groups: tuple[Group, ...]
    """The largest first."""
    spreads: tuple[Spread, ...]
    labels: tuple[LabelBalance, ...]


@dataclass(frozen=True)
class Kind:
    """All findings of one kind."""

    severity: Severity
    name: str
    """The reason, without what only one row has."""
    count: int
    """How many there are."""
    examples: tuple[str, ...]
    """The first ones, whole."""


@dataclass(frozen=True)
class Summary:
    """Everything that a check has found out."""

    splits: tuple[SplitSummary, ...]
    kinds: tuple[Kind, ...]
    """Errors before warnings, the most frequent first."""
    unusable: int
    """Rows that cannot be used."""
    remarks: tuple[str, ...] = ()
    """What is not of single rows, such as what was not looked at."""
    refusals: tuple[str, ...] = ()
    """Why a run would not start, whatever single rows are like."""

    @property
    def rows(self) -> int:
        """All rows."""
        return self.unusable + sum(split.rows for split in self.splits)

    @property
    def may_start(self) -> bool:
        """Whether a strict run would take the data as it is."""
        return not self.unusable and not self.refusals

    def of(self, severity: Severity) -> Sequence[Kind]:
        """The findings of a severity."""
        return [kind for kind in self.kinds if kind.severity == severity]
