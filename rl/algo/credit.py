"""Which tokens get which advantage: the sample's own for all of them, or a level's or a node's for what writes it.

- `level`: the tokens of a level get the group-relative advantage of that level's reward (the weighted mean of the scorers
  that judge it).
- `node`: the tokens of a node get the advantage of its being right among the group's samples that speak of the same thing,
  plus the advantage of what judges the tree as a whole (the weighted mean of the scorers that judge no level).

- `branch`, for groups sampled as trees: the tokens of a section get what comes of it relative to its siblings.

All other tokens get the sample's advantage. What any of them leaves out, and when that is no bias: docs/learner.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from rewards.sample import Reward, RewardSample
from rewards.scorers.node_values import judged_nodes
from rewards.tree.lines import line_levels
from rewards.tree.nodes import LEVELS
from rl.algo.advantages import ESTIMATORS
from rl.algo.branch_credit import section_advantages
from rollout.samples import Group, TokenCredit, reward_sample

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


def branch_credit(groups: Sequence[Group], rewards: Rewards, estimator: str) -> list[list[TokenCredit]]:
    """Each section's advantage among its siblings, on the section's tokens; samples that were drawn alone have none."""
    found = []
    for group, scored in zip(groups, rewards, strict=True):
        values = [reward.value for reward in scored]
        advantages = section_advantages([sample.path for sample in group.samples], values, estimator)
        found.append(
            [
                TokenCredit(sections=tuple((end, a) for end, a in zip(sample.ends, of_path, strict=True) if a is not None))
                for sample, of_path in zip(group.samples, advantages, strict=True)
            ]
        )
    return found


_BY_LINE: dict[str, Callable[[Samples, Rewards, str], list[list[LineAdvantages]]]] = {"level": level_credit, "node": node_credit}
KINDS = ("sequence", *_BY_LINE, "branch")


def token_credit(kind: str, groups: Sequence[Group], rewards: Rewards, estimator: str) -> tuple[tuple[TokenCredit, ...], ...]:
    """What is credited apart, for each sample of each group, by one of `KINDS`."""
    if kind == "sequence":
        return tuple((TokenCredit(),) * len(group.samples) for group in groups)
    if kind == "branch":
        return tuple(map(tuple, branch_credit(groups, rewards, estimator)))
    samples = [[reward_sample(group.prompt, sample) for sample in group.samples] for group in groups]
    return tuple(tuple(map(TokenCredit, lines)) for lines in _BY_LINE[kind](samples, rewards, estimator))


def line_advantages(advantage: float, by_line: LineAdvantages, lines: Sequence[int]) -> np.ndarray:
    """float32 (k,): the line's advantage where a token writes a line that has one, else the sample's."""
    return np.array([by_line.get(line, advantage) for line in lines], dtype=np.float32)


def run_advantages(sections: Sequence[tuple[int, float]], tokens: int) -> np.ndarray:
    """float32 (tokens,): of successive runs that end where they say; together they are the whole sample."""
    ends = [end for end, _ in sections]
    if ends[-1] != tokens:
        raise ValueError(f"sections end at token {ends[-1]} of a sample of {tokens}")
    return np.repeat(np.array([value for _, value in sections], dtype=np.float32), np.diff([0, *ends]))


def _relative(rewards: Rewards, of: Callable[[Reward], float | None], estimator: str) -> list[list[float | None]]:
    """Advantages in one part of the reward; None for samples that have no reward or not this part."""
    return ESTIMATORS[estimator]([[None if reward.value is None else of(reward) for reward in group] for group in rewards])
