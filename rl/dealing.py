"""Dealing a step's samples out over the learner ranks: groups stay whole, ranks get about as many tokens."""

from __future__ import annotations

from collections.abc import Sequence

from rl.learner_spec import LearnItem


def deal(items: Sequence[LearnItem], ranks: int) -> list[list[LearnItem]]:
    """Give each rank whole groups, the largest first, always to the rank with the fewest tokens.

    The samples of a group share a prompt that a rank computes once. Where there are fewer groups than ranks, the largest
    are halved until every rank has some.

    Raises:
        ValueError: if there are fewer samples than ranks.
    """
    if len(items) < ranks:
        raise ValueError(f"{len(items)} samples cannot be dealt out over {ranks} learner ranks; too many were dropped")
    groups: dict[tuple[bytes, tuple[str, ...]], list[LearnItem]] = {}
    for item in items:
        groups.setdefault((item.prompt.ids.tobytes(), item.prompt.media), []).append(item)
    units = list(groups.values())
    while len(units) < ranks:
        unit = units.pop(max(range(len(units)), key=lambda i: len(units[i])))
        units += [unit[: len(unit) // 2], unit[len(unit) // 2 :]]
    shares: list[list[LearnItem]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for unit in sorted(units, key=tokens, reverse=True):
        rank = loads.index(min(loads))
        shares[rank] += unit
        loads[rank] += tokens(unit)
    return shares


def tokens(group: Sequence[LearnItem]) -> int:
    """Tokens of a group whose prompt is computed once."""
    return len(group[0].prompt.ids) + sum(len(item.ids) for item in group)
