"""GDPO: every reward part is normalised in its group before the parts are summed (arXiv 2601.05242).

Summed first and normalised then, samples with different parts but the same sum get the same advantage, and a part that varies
little is drowned by one that varies much.
"""

from __future__ import annotations

from rl.algo.advantages import Advantages, StepRewards, by_group, normalised, whiten


def gdpo(rewards: StepRewards) -> Advantages:
    """sum over the scorers k of w_k (r_k - mean_k) / (std_k + 1e-4) in the group, whitened over the step.

    A scorer that does not apply to a sample adds nothing to it and is normalised over the others. One that applies to fewer
    than two samples of a group adds nothing there. Where rewards come without parts, the reward itself is the only part.
    """
    if not rewards.parts:
        return whiten(by_group(rewards.values, normalised))
    sums: Advantages = []
    for values, parts in zip(rewards.values, rewards.parts, strict=True):
        if sum(value is not None for value in values) < 2:
            sums.append([None] * len(values))
            continue
        total = [0.0] * len(values)
        for name, weight in rewards.weights.items():
            column = [None if value is None else part.get(name) for value, part in zip(values, parts, strict=True)]
            for place, advantage in enumerate(by_group([column], normalised)[0]):
                total[place] += weight * (advantage or 0.0)
        sums.append([None if value is None else summed for value, summed in zip(values, total, strict=True)])
    return whiten(sums)
