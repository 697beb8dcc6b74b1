"""An engine that counts: what it draws is known beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from rollout.samples import VersionSpan
from rollout.tree_sampling import Written


def written(ids: Sequence[int], header: str | None, version: int = 1) -> Written:
    tokens = np.array(ids, dtype=np.int64)
    return Written(tokens, -tokens.astype(np.float32), (VersionSpan(version, len(ids)),), "stop", header)


class Counting:
    """Draws tokens 0, 1, 2, …, two in each piece; a piece that begins with a token of `last` ends its text."""

    def __init__(self, last: Sequence[int] = ()) -> None:
        self.tokens = itertools.count()
        self.last = last
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []

    async def __call__(self, so_far: Written, where: tuple[int, ...], count: int, headers: Sequence[str]) -> list[Written]:
        self.asked.append((len(so_far.ids), count, tuple(headers)))
        pieces = []
        for _ in range(count):
            ids = [next(self.tokens), next(self.tokens)]
            pieces.append(written(ids, headers[0] if headers and ids[0] not in self.last else None))
        return pieces
