"""How a step's groups are spread over the learner ranks: so that what is about one clip stays together, and ranks get about as
many distinct tokens. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rl.learner.prefix_tree import forest
from rl.learner.sequences import sequences_of
from rl.learner.spread import evenly
from rollout.samples import TokenGroup


@dataclass(frozen=True)
class Share:
    """What a rank gets of a group."""

    group: int
    """Place of the group among all that are balanced."""
    replies: tuple[int, ...]
    """Places of the replies in the group."""


def balance(groups: Sequence[TokenGroup], ranks: int) -> list[list[Share]]:
    """Each rank's shares: groups about the same clip, or with the same prompt, together, the largest first, always to the rank
    with the fewest tokens.

    What such groups begin with alike, a rank computes once. Where there are fewer clips than ranks, the largest are halved until
    every rank has some.

    Raises:
        ValueError: if there are fewer replies than ranks.
    """
    replies = sum(len(group.replies) for group in groups)
    if replies < ranks:
        raise ValueError(f"{replies} samples cannot be spread over {ranks} learner ranks; too many were dropped")
    units = _about_the_same(groups)
    while len(units) < ranks:
        largest = units.pop(max(range(len(units)), key=lambda unit: _replies(units[unit])))
        units += _halves(largest)
    sizes = [tokens([groups[share.group].only(share.replies) for share in unit]) for unit in units]
    return [[share for number in chosen for share in units[number]] for chosen in evenly(sizes, ranks)]


def tokens(groups: Sequence[TokenGroup]) -> int:
    """Tokens of groups, what they begin with alike counted once."""
    return sum(tree.tokens for tree in forest(sequences_of(groups)))


def _about_the_same(groups: Sequence[TokenGroup]) -> list[list[Share]]:
    """All groups, those together that are likely to begin alike, in order of first occurrence."""
    found: dict[object, list[Share]] = {}
    for number, group in enumerate(groups):
        about = group.prompt.media or group.prompt.ids.tobytes()
        found.setdefault(about, []).append(Share(number, tuple(range(len(group.replies)))))
    return list(found.values())


def _replies(unit: Sequence[Share]) -> int:
    return sum(len(share.replies) for share in unit)


def _halves(unit: Sequence[Share]) -> list[list[Share]]:
    """A unit of at least two replies as two, whole groups if it has several."""
    if len(unit) > 1:
        return [list(unit[: len(unit) // 2]), list(unit[len(unit) // 2 :])]
    (share,) = unit
    half = len(share.replies) // 2
    return [[Share(share.group, share.replies[:half])], [Share(share.group, share.replies[half:])]]
