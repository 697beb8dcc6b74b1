"""Which rows come next: a weighted mix of pools, each gone through in shuffled epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

import numpy as np

from rewards.errors import did_you_mean
from rollout.rows import RowData, RowError


def mixed_indices(rows: RowData, mix: Mapping[str, float], seed: int) -> Iterator[int]:
    """Row indices without end; the same seed gives the same sequence.

    Args:
        rows: where the rows are.
        mix: shell-style pattern of a task or a source -> weight.
        seed: of the order.

    Raises:
        RowError: if a pattern with a weight above 0 matches no row.
    """
    check_mix(rows, mix)
    pools, weights = [], []
    named = list(zip(rows.tasks(), rows.sources(), strict=True))
    for pattern, weight in mix.items():
        if weight > 0:
            pools.append([i for i, (task, source) in enumerate(named) if fnmatch(task, pattern) or fnmatch(source, pattern)])
            weights.append(weight)
    return _draw(pools, np.cumsum(weights) / np.sum(weights), seed)


def check_mix(rows: RowData, mix: Mapping[str, float], key: str = "the mix") -> None:
    """Refuse a pattern that matches no row.

    Args:
        rows: where the rows are.
        mix: pattern -> weight; a weight of 0 asks for nothing.
        key: how the mix is called in the message.

    Raises:
        RowError: for the first such pattern.
    """
    tasks = sorted(set(rows.tasks()))
    names = {*tasks, *rows.sources()} - {""}
    for pattern, weight in mix.items():
        if weight > 0 and not any(fnmatch(name, pattern) for name in names):
            hint = did_you_mean(pattern, sorted(names)) or f"; tasks are {', '.join(tasks)}"
            raise RowError(f"{rows.path}: {key} asks for {pattern!r}, but no task or source is called so{hint}")


def mixed_tasks(rows: RowData, mix: Mapping[str, float]) -> list[str]:
    """The tasks of all rows that a mix may draw."""
    wanted = [pattern for pattern, weight in mix.items() if weight > 0]
    pairs = set(zip(rows.tasks(), rows.sources(), strict=True))
    return sorted({task for task, source in pairs if any(fnmatch(task, p) or fnmatch(source, p) for p in wanted)})


def _draw(pools: Sequence[Sequence[int]], bounds: np.ndarray, seed: int) -> Iterator[int]:
    rng = np.random.default_rng(seed)
    epochs = [_epochs(pool, np.random.default_rng([seed, number])) for number, pool in enumerate(pools)]
    while True:
        yield next(epochs[int(np.searchsorted(bounds, rng.random(), side="right").clip(0, len(pools) - 1))])


def _epochs(pool: Sequence[int], rng: np.random.Generator) -> Iterator[int]:
    while True:
        for place in rng.permutation(len(pool)):
            yield pool[int(place)]


def spread(indices: Sequence[int], count: int, seed: int = 0) -> list[int]:
    """At most `count` of the indices, the same ones every time, in order."""
    if len(indices) <= count:
        return list(indices)
    chosen = np.random.default_rng(seed).choice(len(indices), size=count, replace=False)
    return [indices[int(place)] for place in sorted(chosen)]


def evaluated_rows(counts: Mapping[str, int], rows: RowData) -> list[int]:
    """Task -> how many rows, as row indices: the same for every stage of a run."""
    by_task = rows.indices_by_task()
    return [index for task, count in counts.items() for index in spread(by_task.get(task, []), count)]
