"""Dealing a step's samples out over the learner ranks: groups stay whole, ranks get about as many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rollout.media import Medium
from rollout.prompts import EncodedPrompt
from rollout.samples import LearnItem


class HasPrompt(Protocol):
    @property
    def prompt(self) -> EncodedPrompt: ...


def by_prompt(items: Sequence[HasPrompt]) -> list[list[int]]:
    """Indices of the items that have the same prompt, in order of first occurrence."""
    found: dict[tuple[bytes, tuple[Medium, ...]], list[int]] = {}
    for index, item in enumerate(items):
        found.setdefault((item.prompt.ids.tobytes(), item.prompt.media), []).append(index)
    return list(found.values())


def deal(items: Sequence[LearnItem], ranks: int) -> list[list[int]]:
    """Indices of each rank's items: whole groups, the largest first, always to the rank with the fewest tokens.

    The samples of a group share a prompt that a rank computes once. Where there are fewer groups than ranks, the largest
    are halved until every rank has some.

    Raises:
        ValueError: if there are fewer samples than ranks.
    """
    if len(items) < ranks:
        raise ValueError(f"{len(items)} samples cannot be dealt out over {ranks} learner ranks; too many were dropped")
    units = by_prompt(items)
    while len(units) < ranks:
        unit = units.pop(max(range(len(units)), key=lambda i: len(units[i])))
        units += [unit[: len(unit) // 2], unit[len(unit) // 2 :]]
    sizes = [tokens([items[index] for index in unit]) for unit in units]
    shares: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for size, unit in sorted(zip(sizes, units, strict=True), key=lambda pair: pair[0], reverse=True):
        rank = loads.index(min(loads))
        shares[rank] += unit
        loads[rank] += size
    return shares


def tokens(group: Sequence[LearnItem]) -> int:
    """Tokens of a group whose prompt is computed once."""
    return len(group[0].prompt.ids) + sum(len(item.ids) for item in group)
