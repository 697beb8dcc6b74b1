"""Credit for groups that are sampled as trees: a section answers for what comes of it, relative to its siblings.

The advantage of a section is the mean reward of the samples that pass through it less the mean over its siblings (compare
TreePO, arXiv 2508.17445, and TreeAdv, arXiv 2601.03703). When that is unbiased: docs/learner.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from rl.algo.advantages import StepRewards, dr_grpo
from rl.algo.estimators import Estimator
from rollout.samples import ScoredGroup, TokenCredit

Path = tuple[int, ...]
Sections = tuple[float | None, ...]
"""Advantage of each section of a sample's path; None where the group's samples have none."""


def branch_credit(groups: Sequence[ScoredGroup], estimate: Estimator) -> list[list[TokenCredit]]:
    """The tokens of a section get its advantage among its siblings. Samples that were not drawn as a tree keep their own."""
    found = []
    for group in groups:
        paths = [sample.path for sample in group.samples]
        advantages = section_advantages(paths, [reward.value for reward in group.rewards], estimate)
        found.append(
            [
                TokenCredit(sections=tuple((end, a) for end, a in zip(sample.ends, path, strict=True) if a is not None))
                for sample, path in zip(group.samples, advantages, strict=True)
            ]
        )
    return found


def section_advantages(paths: Sequence[Path], rewards: Sequence[float | None], estimate: Estimator) -> list[Sections]:
    """Advantages of the sections of one group's samples.

    Args:
        paths: one for each sample. A text that ended early has a shorter path and stands for several samples.
        rewards: one for each sample; samples without one are left out of all means.
        estimate: the advantage estimator. `rloo` compares a section with its siblings alone, all others with the mean over
            siblings and section.
    """
    leave_one_out = estimate.name == "rloo"
    step = StepRewards([rewards])
    relative = (dr_grpo(step) if leave_one_out else estimate(step))[0]
    values = {path: _mean(paths, relative, path) for path in _prefixes(paths)}
    found: dict[Path, float | None] = {(): values[()]}
    for path in sorted(values.keys() - {()}, key=len):
        siblings = [v for other, v in values.items() if other and other[:-1] == path[:-1] and v is not None]
        value, above = values[path], found[path[:-1]]
        if value is None or len(siblings) < 2:
            found[path] = above  # drawn once, it is a part of what it continues
            continue
        difference = value - sum(siblings) / len(siblings)
        found[path] = difference * len(siblings) / (len(siblings) - 1) if leave_one_out else difference
    return [tuple(found[path[:depth]] for depth in range(1, len(path) + 1)) for path in paths]


def _prefixes(paths: Sequence[Path]) -> set[Path]:
    return {path[:depth] for path in paths for depth in range(len(path) + 1)}


def _mean(paths: Sequence[Path], values: Sequence[float | None], begin: Path) -> float | None:
    """The mean over all samples below a section."""
    below = [value for path, value in zip(paths, values, strict=True) if path[: len(begin)] == begin and value is not None]
    return sum(below) / len(below) if below else None
