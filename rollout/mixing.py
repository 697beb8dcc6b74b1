"""Which rows come next, and which are evaluated.

A mix weighs pools of rows by patterns of their tasks or sources; each pool is gone through in shuffled epochs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

import numpy as np

from rewards.errors import did_you_mean
from rollout.rows import RowData, RowError


def mixed_indices(rows: RowData, mix: Mapping[str, float], seed: int) -> Iterator[int]:
    """Row indices without end; the same seed gives the same sequence.

    Args:
        rows: all rows of a file.
        mix: shell-style pattern of a task or a source -> weight.
        seed: sets the order.

    Raises:
        RowError: if a pattern with a weight above 0 matches no row.
    """
    check_mix(rows, mix)
    weights = {pattern: weight for pattern, weight in mix.items() if weight > 0}
    named = list(zip(rows.tasks(), rows.sources(), strict=True))
    pools = [[index for index, names in enumerate(named) if _fits(pattern, *names)] for pattern in weights]
    shares = np.array(list(weights.values()))
    return _draw(pools, np.cumsum(shares) / np.sum(shares), seed)


def check_mix(rows: RowData, mix: Mapping[str, float], key: str = "the mix") -> None:
    """Refuse a mix with a pattern that matches no row.

    Args:
        rows: all rows of a file.
        mix: pattern -> weight; a weight of 0 asks for nothing.
        key: what the message calls the mix.

    Raises:
        RowError: for the first such pattern.
    """
    tasks = sorted(set(rows.tasks()))
    names = {*tasks, *rows.sources()} - {""}
    for pattern, weight in mix.items():
        if weight > 0 and not any(fnmatch(name, pattern) for name in names):
            hint = did_you_mean(pattern, sorted(names)) or f"; tasks are {', '.join(tasks)}"
            raise RowError(f"{rows.path}: {key} asks for {pattern!r}, but no task or source is called so{hint}")


def mixed_rows(rows: RowData, mix: Mapping[str, float]) -> dict[str, list[int]]:
    """Task -> indices of its rows that a mix may draw, sorted by task."""
    named = list(zip(rows.tasks(), rows.sources(), strict=True))
    wanted = [pattern for pattern, weight in mix.items() if weight > 0]
    drawn = {names for names in set(named) if any(_fits(pattern, *names) for pattern in wanted)}
    found: dict[str, list[int]] = {task: [] for task in sorted({task for task, _ in drawn})}
    for index, names in enumerate(named):
        if names in drawn:
            found[names[0]].append(index)
    return found


def evaluated_rows(counts: Mapping[str, int], rows: RowData) -> list[int]:
    """Indices of the rows that are evaluated: the same at every stage of a run.

    Args:
        counts: task -> how many of its rows; all of them where it has fewer, none where no row has that task.
        rows: all rows of a file.
    """
    by_task = rows.indices_by_task()
    return [index for task, count in counts.items() for index in spread(by_task.get(task, []), count)]


def spread(indices: Sequence[int], count: int, seed: int = 0) -> list[int]:
    """At most `count` of the indices in their order; the same seed chooses the same ones."""
    if len(indices) <= count:
        return list(indices)
    chosen = np.random.default_rng(seed).choice(len(indices), size=count, replace=False)
    return [indices[int(place)] for place in sorted(chosen)]


def _fits(pattern: str, task: str, source: str) -> bool:
    return fnmatch(task, pattern) or fnmatch(source, pattern)


def _draw(pools: Sequence[Sequence[int]], bounds: np.ndarray, seed: int) -> Iterator[int]:
    rng = np.random.default_rng(seed)
    epochs = [_epochs(pool, np.random.default_rng([seed, number])) for number, pool in enumerate(pools)]
    while True:
        yield next(epochs[int(np.searchsorted(bounds, rng.random(), side="right").clip(0, len(pools) - 1))])


def _epochs(pool: Sequence[int], rng: np.random.Generator) -> Iterator[int]:
    while True:
        for place in rng.permutation(len(pool)):
            yield pool[int(place)]
