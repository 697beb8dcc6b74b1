"""Who reads the tree of a rationale in words: the rules of `rewards/captions/`, or a judge behind an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from rewards.captions.accuracy import READER_ACCURACY
from rewards.captions.reader import read_caption
from rewards.errors import UserError
from rewards.sample import InfrastructureError, ScorerError
from rewards.scorers.caption_parser import tree_by_model
from rewards.scorers.endpoint import Endpoint, EndpointSpec
from rewards.tree.nodes import AffectiveTree
from rollout.rows.trees import NoTree

Reader: TypeAlias = Callable[[Sequence[str]], list[AffectiveTree | NoTree]]
"""Texts -> what was read of each, or why nothing could be."""
_AT_ONCE = 32
"""Questions that the judge is asked at one time."""


def by_rules(texts: Sequence[str]) -> list[AffectiveTree | NoTree]:
    """What the rules read."""
    return [read_caption(text) for text in texts]


def accuracy_of_rules() -> str:
    """Precision and recall of the rules, in words."""
    levels = (f"{level}s {one.precision:.1%} / {one.recall:.1%}" for level, one in READER_ACCURACY.items())
    return f"precision / recall of the rules on such texts: {', '.join(levels)} (docs/affective-tree.md)"


def by_model(spec: EndpointSpec) -> Reader:
    """A reader that asks a judge.

    The reader raises `UserError` where the judge cannot be reached or stays busy.
    """
    judge = Endpoint(spec)

    async def read(text: str, turn: asyncio.Semaphore) -> AffectiveTree | NoTree:
        async with turn:
            try:
                return await tree_by_model(text, judge)
            except InfrastructureError as error:
                raise UserError(f"{error}; see to it and call again: what was read is kept") from error
            except ScorerError as error:
                return NoTree("the judge's answer cannot be used", str(error))

    async def read_all(texts: Sequence[str]) -> list[AffectiveTree | NoTree]:
        turn = asyncio.Semaphore(_AT_ONCE)
        return list(await asyncio.gather(*(read(text, turn) for text in texts)))

    return lambda texts: asyncio.run(read_all(texts))
