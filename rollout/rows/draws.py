"""An endless sequence of draws from weighted pools, which can begin at any place at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

_BLOCK = 4096
"""Draws that are made in one piece."""
_SKIPPED = 2**20
"""Draws that are left out in one piece."""


def draws(pools: Sequence[np.ndarray], weights: Sequence[float], seed: int, done: int = 0) -> Iterator[int]:
    """Members of pools without end; the same seed gives the same sequence.

    Which pool a draw is from is a matter of the draw's number, and a pool's n-th draw is the n-th member of its shuffled epochs,
    each of which is shuffled by its own number. So what comes after any number of draws is known without making them.

    Args:
        pools: members of each, (M,), at least one.
        weights: how often each pool is drawn from; none is 0.
        seed: sets the order.
        done: draws that are left out at the beginning.
    """
    return chain.from_iterable(members.tolist() for members, _ in blocks(pools, weights, seed, done))


def blocks(
    pools: Sequence[np.ndarray], weights: Sequence[float], seed: int, done: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same sequence in pieces: (members, (B,); in which epoch of its pool each of them is drawn, from 0, (B,)).

    The arguments are those of `draws`.
    """
    bounds = np.cumsum(weights) / np.sum(weights)
    rng = np.random.default_rng(seed)
    drawn = np.zeros(len(pools), dtype=np.int64)
    for start in range(0, done, _SKIPPED):
        drawn += np.bincount(_chosen(bounds, rng.random(min(_SKIPPED, done - start))), minlength=len(pools))
    epochs = [_Epochs(pool, [seed, number]) for number, pool in enumerate(pools)]
    return _onwards(epochs, bounds, rng, drawn)


def _onwards(
    epochs: Sequence[_Epochs], bounds: np.ndarray, rng: np.random.Generator, drawn: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        chosen = _chosen(bounds, rng.random(_BLOCK))
        members, passes = np.empty(_BLOCK, dtype=np.int64), np.empty(_BLOCK, dtype=np.int64)
        for number, pool in enumerate(epochs):
            mine = chosen == number
            first, count = int(drawn[number]), int(np.sum(mine))
            members[mine] = pool.members(first, count)
            passes[mine] = np.arange(first, first + count) // len(pool)
            drawn[number] += count
        yield members, passes


def _chosen(bounds: np.ndarray, random: np.ndarray) -> np.ndarray:
    return np.searchsorted(bounds, random, side="right").clip(0, len(bounds) - 1)


class _Epochs:
    """A pool's members in one shuffled epoch after the other, of which one is in memory."""

    def __init__(self, pool: np.ndarray, seed: Sequence[int]) -> None:
        self._pool = pool
        self._seed = seed
        self._number = -1
        self._epoch = pool

    def __len__(self) -> int:
        return len(self._pool)

    def members(self, first: int, count: int) -> np.ndarray:
        """So many members from a place on."""
        found = []
        while count:
            number, place = divmod(first, len(self._pool))
            if number != self._number:
                self._number, self._epoch = number, np.random.default_rng([*self._seed, number]).permutation(self._pool)
            found.append(self._epoch[place : place + count])
            first, count = first + len(found[-1]), count - len(found[-1])
        return np.concatenate(found) if found else self._pool[:0]
