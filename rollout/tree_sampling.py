"""Groups sampled as trees: sections of attributes, sections of expressions under each, emotions under each of those.

A section ends with the token that completes the next level's header. Whether a token does so depends on nothing that comes after
it, so every path through the tree is a draw from the policy; only draws that share a section depend on one another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from rollout.samples import VersionSpan

HEADERS = ("\nexpression\n", "\nemotion\n")
"""The text that ends a section of attributes, and the text that ends a section of expressions."""
LEVELS = len(HEADERS) + 1


def _no_ids() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


def _no_log_probs() -> np.ndarray:
    return np.empty(0, dtype=np.float32)


@dataclass(frozen=True)
class Written:
    """Tokens that follow a prompt: one draw of an engine, or several that continue each other."""

    ids: np.ndarray = field(default_factory=_no_ids)
    """Token ids, int64 (k,)."""
    log_probs: np.ndarray = field(default_factory=_no_log_probs)
    """float32 (k,): log-probabilities of the sampled distribution."""
    versions: tuple[VersionSpan, ...] = ()
    """The versions of the weights that drew them, in order."""
    finish_reason: str = ""
    """Why the last draw ended, in the engine's words."""
    header: str | None = None
    """The header that the last draw stopped at; None if the text is finished."""

    def __add__(self, more: Written) -> Written:
        return Written(
            np.concatenate([self.ids, more.ids]),
            np.concatenate([self.log_probs, more.log_probs]),
            joined(self.versions, more.versions),
            more.finish_reason,
            more.header,
        )


def joined(first: tuple[VersionSpan, ...], then: tuple[VersionSpan, ...]) -> tuple[VersionSpan, ...]:
    """The spans of both, in order. Where the last and the first have one version, they become one span."""
    if not first or not then or first[-1].version != then[0].version:
        return (*first, *then)
    return (*first[:-1], VersionSpan(then[0].version, first[-1].tokens + then[0].tokens), *then[1:])


@dataclass(frozen=True)
class Leaf:
    """One path through a group's tree."""

    written: Written
    path: tuple[int, ...]
    """Number of its section at each level, from 0; shorter than the tree is deep if the text ended early."""
    ends: tuple[int, ...]
    """Where each section of the path ends: the number of tokens up to there."""


Ask = Callable[[Written, tuple[int, ...], int, Sequence[str]], Awaitable[Sequence[Written]]]
"""(what has been written, where in the answer: unlike that of any other question about a prompt, how many continuations,
headers to stop at) -> the continuations alone."""


async def sample_tree(ask: Ask, branching: Sequence[int]) -> list[Leaf]:
    """Draw a group of prod(branching) samples.

    Args:
        ask: draws continuations.
        branching: sections of attributes, sections of expressions under each, emotions under each of those.

    Returns:
        The samples in the order of their paths. A text that ends before its last level stands for all the paths that would
        have gone through it, so that means over subtrees give it as much weight as the others.
    """

    async def grow(written: Written, path: tuple[int, ...], ends: tuple[int, ...]) -> list[Leaf]:
        depth = len(path)
        if depth == len(branching) or (path and written.header is None):
            return [Leaf(written, path, ends)] * prod(branching[depth:])
        pieces = await ask(written, path, branching[depth], HEADERS[depth : depth + 1])
        whole = [written + piece for piece in pieces]
        below = await asyncio.gather(*(grow(one, (*path, place), (*ends, len(one.ids))) for place, one in enumerate(whole)))
        return [leaf for leaves in below for leaf in leaves]

    return await grow(Written(), (), ())
