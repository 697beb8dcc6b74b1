"""Dynamic sampling (DAPO, arXiv 2503.14476): groups from which nothing can be learned make room for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from rewards.mix import Reward
from rl.advantages import all_equal


class HasRewards(Protocol):
    @property
    def rewards(self) -> tuple[Reward, ...]: ...


Scored = TypeVar("Scored", bound=HasRewards)


def replace_equal(groups: list[Scored], times: int, more: Callable[[int, int], list[Scored]]) -> list[Scored]:
    """Replace groups whose rewards are all equal by other prompts' groups.

    Args:
        groups: of a step. Those with samples that could not be scored stay, so that failures are counted.
        times: rounds of replacing at most; what is still equal after them stays, so that the step keeps its size.
        more: called with how many groups are wanted and the round's number, gives as many.
    """
    for again in range(1, times + 1):
        equal = [place for place, group in enumerate(groups) if all_equal([r.value for r in group.rewards])]
        if not equal:
            break
        groups = list(groups)
        for place, other in zip(equal, more(len(equal), again), strict=True):
            groups[place] = other
    return groups
