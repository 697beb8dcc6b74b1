"""Which tokens get which advantage: the sample's own for all of them, or a level's or a node's for what writes it.

- `level`: the tokens of a level get the group-relative advantage of that level's reward (the weighted mean of the scorers
  that judge it).
- `node`: the tokens of a node get the advantage of its being right among the group's samples that speak of the same thing,
  plus the advantage of what judges the tree as a whole (the weighted mean of the scorers that judge no level).

All other tokens get the sample's advantage. What either leaves out, and when that is no bias: docs/learner.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from rewards.lines import line_levels
from rewards.mix import LEVELS, Reward
from rewards.node_values import judged_nodes
from rewards.sample import RewardSample
from rl.advantages import ESTIMATORS

LineAdvantages = Mapping[int, float]
"""Line of the completion, from 0 -> advantage of the tokens that write it."""
Samples = Sequence[Sequence[RewardSample]]
Rewards = Sequence[Sequence[Reward]]
"""By group."""


def level_credit(samples: Samples, rewards: Rewards, estimator: str) -> list[list[LineAdvantages]]:
    """Each sample's advantage in each level's reward, on that level's lines; levels that no scorer judged are left out."""
    by_level = {level: _relative(rewards, lambda reward, level=level: reward.levels.get(level), estimator) for level in LEVELS}
    return [
        [
            {line: a for line, level in line_levels(one.completion).items() if (a := by_level[level][g][s]) is not None}
            for s, one in enumerate(group)
        ]
        for g, group in enumerate(samples)
    ]


def node_credit(samples: Samples, rewards: Rewards, estimator: str) -> list[list[LineAdvantages]]:
    """Each node's advantage among its group's, on the node's line; samples without a gold tree have none."""
    rest = _relative(rewards, lambda reward: reward.rest, estimator)
    found: list[list[dict[int, float]]] = [[{} for _ in group] for group in samples]
    for places in _by_subject(samples, rewards).values():
        groups = sorted({group for group, _ in places})
        values = [[_mean(places.get((group, sample))) for sample in range(len(samples[group]))] for group in groups]
        for group, advantages in zip(groups, ESTIMATORS[estimator](values), strict=True):
            for sample, advantage in enumerate(advantages):
                if advantage is not None:
                    whole = advantage + (rest[group][sample] or 0.0)
                    found[group][sample].update(dict.fromkeys(places[group, sample], whole))
    return [list(group) for group in found]


def _by_subject(samples: Samples, rewards: Rewards) -> dict[Hashable, dict[tuple[int, int], dict[int, float]]]:
    """What nodes are about -> (group, sample) -> line -> value, of samples that have a reward."""
    found: dict[Hashable, dict[tuple[int, int], dict[int, float]]] = {}
    for g, (group, scored) in enumerate(zip(samples, rewards, strict=True)):
        for s, (one, reward) in enumerate(zip(group, scored, strict=True)):
            if reward.value is not None:
                for line, node in judged_nodes(one).items():
                    found.setdefault(node.about, {}).setdefault((g, s), {})[line] = node.value
    return found


def _mean(values: Mapping[int, float] | None) -> float | None:
    return sum(values.values()) / len(values) if values else None


CREDIT: dict[str, Callable[[Samples, Rewards, str], list[list[LineAdvantages]]]] = {"level": level_credit, "node": node_credit}
"""By the setting's name; `sequence` needs none."""


def token_advantages(advantage: float, by_line: LineAdvantages, lines: Sequence[int]) -> np.ndarray:
    """float32 (k,): the line's advantage where a token writes a line that has one, else the sample's."""
    return np.array([by_line.get(line, advantage) for line in lines], dtype=np.float32)


def _relative(rewards: Rewards, of: Callable[[Reward], float | None], estimator: str) -> list[list[float | None]]:
    """Advantages in one part of the reward; None for samples that have no reward or not this part."""
    return ESTIMATORS[estimator]([[None if reward.value is None else of(reward) for reward in group] for group in rewards])
