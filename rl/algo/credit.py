"""Which tokens get which advantage: `grpo.credit`, by name or from a file of one's own.

A credit rule is a function `rule(groups: Sequence[ScoredGroup], estimate: Estimator, **parameters)` that gives a `TokenCredit`
for each sample of each group; tokens that it does not name get the sample's advantage. Those that ship:

- `sequence` names none.
- `level`: the tokens of a level get the group-relative advantage of that level's reward (the weighted mean of the scorers
  that judge it).
- `node`: the tokens of a node get the advantage of its being right among the group's samples that speak of the same thing,
  plus the advantage of what judges the tree as a whole (the weighted mean of the scorers that judge no level).
- `branch`, for groups sampled as trees: the tokens of a section get what comes of it relative to its siblings.

What any of them leaves out, and when that is no bias: docs/learner.md.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial

from rewards.plugins.faults import telling
from rewards.plugins.loading import load_function
from rewards.plugins.spec import FunctionSpec
from rewards.sample import Reward
from rewards.tree.nodes import LEVELS
from rl.algo.advantages import Advantages, StepRewards
from rl.algo.branch_credit import branch_credit
from rl.algo.estimators import Estimator
from rollout.samples import ScoredGroup, TokenCredit

Groups = Sequence[ScoredGroup]
Credit = list[list[TokenCredit]]
"""Token credit by group and sample."""
CreditRule = Callable[[Groups, Estimator], Credit]


def sequence_credit(groups: Groups, estimate: Estimator) -> Credit:
    """Every token has the sample's advantage."""
    return [[TokenCredit()] * len(group.samples) for group in groups]


def level_credit(groups: Groups, estimate: Estimator) -> Credit:
    """The lines of a level get the sample's advantage in that level's reward. Levels that no scorer judged are left out."""
    by_level = {level: _relative(groups, partial(_of_level, level), estimate, level) for level in LEVELS}
    return [
        [
            TokenCredit({line: a for line, level in reading.levels.items() if (a := by_level[level][g][s]) is not None})
            for s, reading in enumerate(group.readings)
        ]
        for g, group in enumerate(groups)
    ]


def node_credit(groups: Groups, estimate: Estimator) -> Credit:
    """The line of a node gets the advantage of its being right in its group. Samples without a gold tree are left out. A node
    that the gold tree does not cover gets what judges the tree as a whole alone."""
    rest = _relative(groups, lambda reward: reward.rest, estimate, "rest")
    found: list[list[dict[int, float]]] = [
        [
            {line: rest[g][s] or 0.0 for line, node in reading.nodes.items() if node.value is None and reward.value is not None}
            for s, (reading, reward) in enumerate(zip(group.readings, group.rewards, strict=True))
        ]
        for g, group in enumerate(groups)
    ]
    for places in _by_subject(groups).values():
        chosen = sorted({group for group, _ in places})
        values = [[_mean(places.get((group, sample))) for sample in range(len(groups[group].samples))] for group in chosen]
        rewards = StepRewards(values, [groups[group].prompt.row.task for group in chosen])
        for group, advantages in zip(chosen, estimate(rewards, "node"), strict=True):
            for sample, advantage in enumerate(advantages):
                if advantage is not None:
                    whole = advantage + (rest[group][sample] or 0.0)
                    found[group][sample].update(dict.fromkeys(places[group, sample], whole))
    return [[TokenCredit(lines) for lines in group] for group in found]


CREDIT: dict[str, Callable[..., Credit]] = {
    "sequence": sequence_credit,
    "level": level_credit,
    "node": node_credit,
    "branch": branch_credit,
}


def credit_rule(spec: FunctionSpec) -> CreditRule:
    """A credit rule by name or from a file. Raises `PluginError` if it cannot be found or does not take the parameters."""
    return telling("credit rule", spec, load_function("credit rule", spec, CREDIT, given=("groups", "estimate")))


def _by_subject(groups: Groups) -> dict[Hashable, dict[tuple[int, int], dict[int, float]]]:
    """What a node is about -> (group, sample) -> line -> value of the node there; for judged nodes of samples with a reward."""
    found: dict[Hashable, dict[tuple[int, int], dict[int, float]]] = {}
    for g, group in enumerate(groups):
        for s, (reading, reward) in enumerate(zip(group.readings, group.rewards, strict=True)):
            if reward.value is not None:
                for line, node in reading.nodes.items():
                    if node.value is not None:
                        found.setdefault(node.about, {}).setdefault((g, s), {})[line] = node.value
    return found


def _of_level(level: str, reward: Reward) -> float | None:
    return reward.levels.get(level)


def _mean(values: Mapping[int, float] | None) -> float | None:
    return sum(values.values()) / len(values) if values else None


def _relative(groups: Groups, part: Callable[[Reward], float | None], estimate: Estimator, name: str) -> Advantages:
    """Advantages in one part of the reward, by group and sample; None for samples without a reward or without this part."""
    values = [[None if reward.value is None else part(reward) for reward in group.rewards] for group in groups]
    return estimate(StepRewards(values, [group.prompt.row.task for group in groups]), name)
