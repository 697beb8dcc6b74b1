"""How a step's groups are spread over the learner ranks: whole, and so that ranks get about as many tokens. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rollout.media.medium import Medium
from rollout.samples import TokenGroup


@dataclass(frozen=True)
class Share:
    """What a rank gets of a group."""

    group: int
    """Place of the group among all that are balanced."""
    replies: tuple[int, ...]
    """Places of the replies in the group."""


def balance(groups: Sequence[TokenGroup], ranks: int) -> list[list[Share]]:
    """Each rank's shares: whole groups, the largest first, always to the rank with the fewest tokens.

    The replies of a group share a prompt that a rank computes once. Where there are fewer groups than ranks, the largest
    are halved until every rank has some.

    Raises:
        ValueError: if there are fewer replies than ranks.
    """
    replies = sum(len(group.replies) for group in groups)
    if replies < ranks:
        raise ValueError(f"{replies} samples cannot be spread over {ranks} learner ranks; too many were dropped")
    shares = [Share(number, tuple(range(len(group.replies)))) for number, group in enumerate(groups)]
    while len(shares) < ranks:
        largest = shares.pop(max(range(len(shares)), key=lambda i: len(shares[i].replies)))
        half = len(largest.replies) // 2
        shares += [Share(largest.group, largest.replies[:half]), Share(largest.group, largest.replies[half:])]
    sizes = [tokens(groups[share.group].only(share.replies)) for share in shares]
    found: list[list[Share]] = [[] for _ in range(ranks)]
    loads = [0] * ranks
    for size, share in sorted(zip(sizes, shares, strict=True), key=lambda pair: pair[0], reverse=True):
        rank = loads.index(min(loads))
        found[rank].append(share)
        loads[rank] += size
    return found


def join_equal_prompts(groups: Sequence[TokenGroup]) -> list[TokenGroup]:
    """Groups with the same prompt become one, in order of first occurrence, so that what they share is computed once."""
    found: dict[tuple[bytes, tuple[Medium, ...]], list[TokenGroup]] = {}
    for group in groups:
        found.setdefault((group.prompt.ids.tobytes(), group.prompt.media), []).append(group)
    return [same[0] if len(same) == 1 else TokenGroup.joined(same) for same in found.values()]


def tokens(group: TokenGroup) -> int:
    """Tokens of a group whose prompt is computed once."""
    return len(group.prompt.ids) + group.reply_tokens()
