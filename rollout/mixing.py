"""Which rows come next: a weighted mix of pools, each gone through in shuffled epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

import numpy as np

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


def check_mix(rows: RowData, mix: Mapping[str, float]) -> None:
    """Raises `RowError` if a pattern with a weight above 0 matches no row."""
    tasks = sorted(set(rows.tasks()))
    names = {*tasks, *rows.sources()}
    for pattern, weight in mix.items():
        if weight > 0 and not any(fnmatch(name, pattern) for name in names):
            raise RowError(f"{rows.path}: the mix asks for {pattern!r}, but no task or source is called so; tasks: {tasks}")


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
