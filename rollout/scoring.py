"""Groups are scored whole, wherever that is done."""

from __future__ import annotations

from rewards.mix import RewardMix
from rewards.readings import read
from rollout.samples import Group, ScoredGroup, reward_sample


def score_group(mix: RewardMix, group: Group) -> ScoredGroup:
    """The group with its rewards, and with what the lines of its samples state."""
    samples = [reward_sample(group.prompt, sample) for sample in group.samples]
    rewards = tuple(mix.score(samples))
    return ScoredGroup(group.prompt, group.samples, rewards, tuple(map(read, samples)))
