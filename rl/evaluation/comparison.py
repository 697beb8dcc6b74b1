"""Two models, or two arms of one, on the same rows: how much better the first is, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rl.evaluation.bootstrap import Interval, Values, bootstrap, interval_of, mcnemar, p_by_swapping
from rl.evaluation.groups import Column, groups_for
from rl.evaluation.scoring import RowScore


@dataclass(frozen=True)
class Difference:
    """How much better the first is than the second in one column."""

    group: str
    column: str
    first: float
    second: float
    interval: Interval
    """Of first - second, 95 %, by paired bootstrap over clips."""
    p: float
    """Of a difference as large, if it were chance: a permutation test over clips."""
    mcnemar: float | None
    """P-value of McNemar's exact test, where each answer is right or wrong; it takes rows as independent."""
    rows: int

    @property
    def value(self) -> float:
        """First minus second."""
        return self.first - self.second


@dataclass(frozen=True)
class Comparison:
    """Two models on the questions that both have a measure for."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    left_out: int
    """Questions that only one of them has a measure for, or was asked."""

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def compare(first: str, rows: Sequence[RowScore], second: str, others: Sequence[RowScore], seed: int = 0) -> Comparison:
    """Compare two models, each with its name and what was measured of it. Rows are matched by their questions."""
    ours, theirs = ({row.question: row for row in of if row.problem is None} for of in (rows, others))
    common = [(ours[key], theirs[key]) for key in ours if key in theirs]
    asked = {row.question for row in rows} | {row.question for row in others}
    found = []
    for group in groups_for([row for row, _ in common]):
        for column in group.columns:
            if (difference := _difference(group.name, column, common, seed)) is not None:
                found.append(difference)
    return Comparison(first, second, tuple(found), len(asked) - len(common))


def _difference(group: str, column: Column, pairs: Sequence[tuple[RowScore, RowScore]], seed: int) -> Difference | None:
    of = [(a, b) for a, b in pairs if column.has(a) and column.value in a.scores and column.value in b.scores]
    if not of:
        return None
    clips, sources = [a.clip for a, _ in of], [a.source for a, _ in of] if column.by_source else []
    left, right = ([row.scores[column.value] for row in side] for side in zip(*of, strict=True))
    one, other = Values(left, clips, sources), Values(right, clips, sources)
    draws = bootstrap([one, other], seed=seed)
    plain = {*left, *right} <= {0.0, 1.0}
    return Difference(
        group,
        column.name,
        one.mean(),
        other.mean(),
        interval_of(draws[:, 0] - draws[:, 1]),
        p_by_swapping(one, other, seed=seed),
        mcnemar(left, right) if plain else None,
        len(of),
    )
