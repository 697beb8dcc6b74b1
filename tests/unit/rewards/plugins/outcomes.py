"""Samples to score and outcomes as short texts."""

from collections.abc import Sequence

from rewards.sample import Failure, Outcome, RewardSample, Score


def samples(*texts: str) -> list[RewardSample]:
    return [RewardSample(text) for text in texts]


GOOD_BAD_GOOD = samples("good", "bad", "good")


def shown(outcomes: Sequence[Outcome]) -> list[str]:
    """A score's number or a failure's message for each outcome."""
    return [f"{o.value:g}" if isinstance(o, Score) else o.message if isinstance(o, Failure) else "None" for o in outcomes]
