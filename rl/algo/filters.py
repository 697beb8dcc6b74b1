"""Dynamic sampling (DAPO, arXiv 2503.14476): groups from which nothing can be learned make room for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from rewards.sample import Reward
from rollout.samples import Sample, ScoredGroup


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


def all_equal(group: Sequence[float | None], most: float = 1e-8) -> bool:
    """Whether all samples were scored and got the same, so that nothing can be learned (DAPO, arXiv 2503.14476)."""
    scored = [reward for reward in group if reward is not None]
    return len(scored) == len(group) and max(scored) - min(scored) <= most


def without_stale(groups: Sequence[ScoredGroup], version: int, most: int) -> list[ScoredGroup]:
    """Take the rewards off samples of which weights more than `most` versions older than `version` drew a part.

    Such samples count as not scored: nothing is learned from them, and their group's statistics are taken without them.
    """

    def fresh(item: ScoredGroup) -> ScoredGroup:
        pairs = zip(item.group.samples, item.rewards, strict=True)
        return replace(item, rewards=tuple(replace(r, value=None) if age(s, version) > most else r for s, r in pairs))

    return [fresh(item) for item in groups]


def age(sample: Sample, version: int) -> int:
    """Versions between the oldest weights that drew a sample and `version`."""
    return version - sample.version
