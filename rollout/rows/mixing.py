"""Which rows come next, and which are evaluated.

A mix weighs pools of rows by patterns of their tasks, sources or data sets; each pool is gone through in shuffled epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

import numpy as np

from rewards.errors import did_you_mean
from rollout.rows.clip_draws import clip_draws
from rollout.rows.clip_groups import clip_groups
from rollout.rows.data import RowData, Stratum
from rollout.rows.draws import draws
from rollout.rows.row import RowError
from rollout.seeds import derived


def mixed_indices(
    rows: RowData, mix: Mapping[str, float], seed: int, done: int = 0, together: int | None = None
) -> Iterator[int]:
    """Row indices without end; the same seed gives the same sequence.

    Args:
        rows: all rows of a split.
        mix: shell-style pattern of a task, a source, a data set or `set/task`, or several joined by `|` -> weight.
        seed: sets the order.
        done: how many of the sequence are left out at its beginning; that takes no longer than drawing a few.
        together: how many rows about one clip come one after the other, at most; None for row by row.

    Raises:
        RowError: if a pattern with a weight above 0 matches no row.
    """
    check_mix(rows, mix)
    if together is not None:
        groups = clip_groups(row_rates(rows, mix), rows.column("shows"), together, derived(seed, "groups"))
        return clip_draws(groups, seed, done)
    weights = {pattern: weight for pattern, weight in mix.items() if weight > 0}
    pools = [rows.where([fits(pattern, stratum) for stratum in rows.strata]) for pattern in weights]
    return draws(pools, list(weights.values()), seed, done)


def row_rates(rows: RowData, mix: Mapping[str, float]) -> np.ndarray:
    """With which probability a draw by row is each of the rows, (N,). Those of one stratum have exactly the same."""
    total, rates = sum(mix.values()), np.zeros(len(rows.strata))
    for pattern, weight in mix.items():
        fitting = np.array([fits(pattern, stratum) for stratum in rows.strata])
        if weight > 0:
            rates[fitting] += weight / total / rows.counts[fitting].sum()
    found: np.ndarray = rates[rows.stratum_of]
    return found


def check_mix(rows: RowData, mix: Mapping[str, float], key: str = "the mix") -> None:
    """Refuse a mix with a pattern that matches no row.

    Args:
        rows: all rows of a split.
        mix: pattern -> weight; a weight of 0 asks for nothing.
        key: what the message calls the mix.

    Raises:
        RowError: for the first such pattern.
    """
    tasks = sorted(rows.task_counts())
    names = {name for stratum, count in zip(rows.strata, rows.counts, strict=True) if count for name in stratum.names}
    asked = [one for pattern, weight in mix.items() if weight > 0 for one in pattern.split("|")]
    for pattern in asked:
        if not any(fnmatch(name, pattern) for name in names):
            sets = " or data set" if any(stratum.data_set for stratum in rows.strata) else ""
            hint = did_you_mean(pattern, sorted(names)) or f"; tasks are {', '.join(tasks)}"
            raise RowError(f"{rows.path}: {key} asks for {pattern!r}, but no task or source{sets} is called so{hint}")


def mixed_rows(rows: RowData, mix: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Task -> indices of its rows that a mix may draw, sorted by task."""
    wanted = [pattern for pattern, weight in mix.items() if weight > 0]
    drawn = [any(fits(pattern, stratum) for pattern in wanted) for stratum in rows.strata]
    tasks = sorted({stratum.task for stratum, is_drawn in zip(rows.strata, drawn, strict=True) if is_drawn})
    found = {
        task: rows.where([is_drawn and stratum.task == task for stratum, is_drawn in zip(rows.strata, drawn, strict=True)])
        for task in tasks
    }
    return {task: indices for task, indices in found.items() if len(indices)}


def evaluated_rows(counts: Mapping[str, int], rows: RowData) -> list[int]:
    """Indices of the rows that are evaluated: the same at every stage of a run.

    Args:
        counts: task -> how many of its rows; all of them where it has fewer, none where no row has that task.
        rows: all rows of a split.
    """
    return [index for task, count in counts.items() for index in spread(rows.of_task(task), count)]


def spread(indices: Sequence[int] | np.ndarray, count: int, seed: int = 0) -> list[int]:
    """At most `count` of the indices in their order; the same seed chooses the same ones."""
    if len(indices) <= count:
        return [int(index) for index in indices]
    chosen = np.random.default_rng(seed).choice(len(indices), size=count, replace=False)
    return [int(indices[int(place)]) for place in sorted(chosen)]


def fits(pattern: str, stratum: Stratum) -> bool:
    """Whether a pattern of a mix, or one of several joined by `|`, is about the rows of a stratum."""
    return any(fnmatch(name, one) for one in pattern.split("|") for name in stratum.names)
