"""An advantage estimator of one's own: `grpo.estimator=examples/rank_estimator.py:by_rank`.

Only the order of a group's rewards counts: the best sample gets +1, the worst -1, the rest lie evenly between, and equal ones
share what they have. A scorer whose scale drifts then pulls no harder.
"""

from rl.algo.advantages import Advantages, StepRewards, by_group


def by_rank(rewards: StepRewards, sharpness: float = 1.0) -> Advantages:
    """2 (rank / (n - 1)) - 1 within the group, to the power of `sharpness` with its sign kept."""

    def ranked(values: list[float]) -> list[float]:
        below = [sum(other < value for other in values) for value in values]
        equal = [sum(other == value for other in values) for value in values]
        centred = [(2 * b + e - 1) / (len(values) - 1) - 1 for b, e in zip(below, equal, strict=True)]
        return [abs(place) ** sharpness * (1 if place >= 0 else -1) for place in centred]

    return by_group(rewards.values, ranked)
