"""Which tokens get which advantage: the sample's own for all of them, or the level's for what writes a level.

With `level` credit, the tokens of a level get the group-relative advantage of that level's reward (the weighted mean of
the scorers that judge it), and all others the sample's. For a level's tokens this replaces the return R = sum_l w_l R_l by
R_l, which those tokens and the ones before them decide. What it leaves out is their influence on later levels, so the
gradient is biased where evidence is chosen for the sake of the answer, and has less variance where levels are judged by
themselves, as labels are (docs/learner.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rewards.mix import LEVELS, Reward
from rl.advantages import ESTIMATORS

LevelAdvantages = Mapping[str, float]


def level_advantages(rewards: Sequence[Sequence[Reward]], estimator: str) -> list[list[LevelAdvantages]]:
    """Each sample's advantage in each level's reward, by group; levels that no scorer judged are left out."""
    found: list[list[dict[str, float]]] = [[{} for _ in group] for group in rewards]
    for level in LEVELS:
        values = [[None if reward.value is None else reward.levels.get(level) for reward in group] for group in rewards]
        for group, advantages in zip(found, ESTIMATORS[estimator](values), strict=True):
            for sample, advantage in zip(group, advantages, strict=True):
                if advantage is not None:
                    sample[level] = advantage
    return [list(group) for group in found]


def token_advantages(advantage: float, by_level: LevelAdvantages, levels: Sequence[str | None]) -> np.ndarray:
    """float32 (k,): the level's advantage where a token writes a level that has one, else the sample's."""
    return np.array([by_level.get(level, advantage) if level else advantage for level in levels], dtype=np.float32)
