"""Which groups and samples are learned from: not those that teach nothing, nor those drawn by weights that are too old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rollout.samples import ScoredGroup


def replace_equal(groups: list[ScoredGroup], times: int, more: Callable[[int, int], list[ScoredGroup]]) -> list[ScoredGroup]:
    """Replace groups whose rewards are all equal by other prompts' groups: dynamic sampling (DAPO, arXiv 2503.14476).

    Args:
        groups: the step's. Those with samples that could not be scored stay, so that failures are counted.
        times: rounds of replacing at most; what is still equal after them stays, so that the step keeps its size.
        more: (how many groups are wanted, number of the round from 1) -> so many groups.
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
    """Whether all samples were scored and differ by at most `most`, so that nothing can be learned (DAPO, arXiv 2503.14476)."""
    scored = [reward for reward in group if reward is not None]
    return len(scored) == len(group) and max(scored) - min(scored) <= most


def without_stale(groups: Sequence[ScoredGroup], version: int, most: int) -> list[ScoredGroup]:
    """Take the reward off each sample that was drawn, in part at least, by weights over `most` versions older than `version`.

    Such samples count as not scored: nothing is learned from them, and their group's statistics are taken without them.
    """

    def fresh(group: ScoredGroup) -> ScoredGroup:
        pairs = zip(group.samples, group.rewards, strict=True)
        return replace(group, rewards=tuple(replace(r, value=None) if s.age(version) > most else r for s, r in pairs))

    return [fresh(group) for group in groups]
