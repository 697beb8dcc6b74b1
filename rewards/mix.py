"""The reward of a sample: scorers routed by task, weighted and summed.

The paper pairs each kind of data with its own reward (VidEmo, figure 3); here each scorer lists the tasks
that it applies to, and the reward is the weighted mean of those that apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from rewards.plugins import Scorer
from rewards.sample import RewardSample, ScorerError, as_score


@dataclass(frozen=True)
class WeightedScorer:
    scorer: Scorer
    weight: float = 1.0
    tasks: tuple[str, ...] = ("*",)
    """Shell-style patterns of the tasks that it scores."""

    def applies_to(self, task: str) -> bool:
        return any(fnmatch(task, pattern) for pattern in self.tasks)


@dataclass(frozen=True)
class Reward:
    """The mixed number and its named parts; or, if a scorer failed, neither and the reason."""

    value: float | None
    parts: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    failed_scorer: str | None = None


class RewardMix:
    """A set of weighted scorers; calling it scores one sample and never raises on a scorer's fault."""

    def __init__(self, scorers: Sequence[WeightedScorer]) -> None:
        self.scorers = tuple(scorers)

    def __call__(self, sample: RewardSample) -> Reward:
        """Score a sample. A failing scorer gives a `Reward` without a value: the sample is to be dropped."""
        total, weights, parts = 0.0, 0.0, {}
        for item in self.scorers:
            if not item.applies_to(sample.task):
                continue
            name = item.scorer.name
            try:
                score = as_score(item.scorer(sample), name)
            except Exception as error:  # noqa: BLE001 - a user's scorer may raise anything; it is counted and named
                return Reward(None, error=_describe(error), failed_scorer=name)
            if score is None:
                continue
            parts[name] = score.value
            parts.update({f"{name}.{key}": value for key, value in score.parts.items()})
            total += item.weight * score.value
            weights += item.weight
        if not weights:
            return Reward(None, parts, f"no scorer applies to task {sample.task!r}", "mix")
        return Reward(total / weights, parts)


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, ScorerError) else f"{type(error).__name__}: {error}"
