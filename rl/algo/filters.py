"""Which groups and samples are learned from: not those that teach nothing, nor those drawn by weights that are too old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rollout.samples import ScoredGroup


def replace_equal(
    groups: list[ScoredGroup],
    times: int,
    more: Callable[[int, int], list[ScoredGroup]],
    mask_truncated: bool = False,
) -> list[ScoredGroup]:
    """Replace groups that teach nothing by other prompts' groups: dynamic sampling (DAPO, arXiv 2503.14476).

    Args:
        groups: the step's.
        times: rounds of replacing at most; what teaches nothing after them stays, so that the step keeps its size.
        more: (how many groups are wanted, number of the round from 1) -> so many groups.
        mask_truncated: nothing is learned from samples that were cut off.
    """
    for again in range(1, times + 1):
        empty = [place for place, group in enumerate(groups) if teaches_nothing(group, mask_truncated)]
        if not empty:
            break
        groups = list(groups)
        for place, other in zip(empty, more(len(empty), again), strict=True):
            groups[place] = other
    return groups


def teaches_nothing(group: ScoredGroup, mask_truncated: bool = False, most: float = 1e-8) -> bool:
    """Whether no sample of a group can have an advantage: their rewards differ by at most `most`, or none is learned from.

    A group on which a scorer failed stays in any case, so that failures are counted.
    """
    if any(reward.errors for reward in group.rewards):
        return False
    values = [reward.value for reward in group.rewards if reward.value is not None]
    learned = [
        reward.value is not None and not (mask_truncated and sample.truncated)
        for sample, reward in zip(group.samples, group.rewards, strict=True)
    ]
    return not any(learned) or max(values) - min(values) <= most


def without_stale(groups: Sequence[ScoredGroup], version: int, most: int) -> list[ScoredGroup]:
    """Take the reward off each sample that was drawn, in part at least, by weights over `most` versions older than `version`.

    Such samples count as not scored: nothing is learned from them, and their group's statistics are taken without them.
    """

    def fresh(group: ScoredGroup) -> ScoredGroup:
        pairs = zip(group.samples, group.rewards, strict=True)
        return replace(group, rewards=tuple(replace(r, value=None) if s.age(version) > most else r for s, r in pairs))

    return [fresh(group) for group in groups]
