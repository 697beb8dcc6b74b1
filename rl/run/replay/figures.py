"""What is compared of a step: its figures as the run recorded them, beside those of the replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rl.record.metrics import age_metrics, reward_metrics
from rl.record.rollouts import RecordedStep
from rollout.samples import TrainingGroup

_SECTIONS = ("reward/", "advantage/", "learner/")
_LEFT_OUT = ("learner/seconds", "learner/idle_share")


@dataclass(frozen=True)
class Figure:
    """A figure of a step."""

    name: str
    recorded: float | None
    """None for what the run did not record."""
    replayed: float | None

    @property
    def difference(self) -> float | None:
        """Replayed minus recorded; None where there is but one of them."""
        return None if self.recorded is None or self.replayed is None else self.replayed - self.recorded


@dataclass(frozen=True)
class ReplayedStep:
    """A step that was learned from again."""

    recorded: RecordedStep
    groups: Sequence[TrainingGroup]
    metrics: Mapping[str, float]
    """Of samples, rewards, advantages and update, as a run names them."""
    was: Mapping[str, float]
    """The same, as the run recorded them; those of the update are missing where the run has no line for the step yet."""

    @property
    def figures(self) -> list[Figure]:
        """Those of rewards, advantages and update, in this order. What was drawn is the same by its nature."""
        names = [name for section in _SECTIONS for name in {**self.was, **self.metrics} if name.startswith(section)]
        return [Figure(name, self.was.get(name), self.metrics.get(name)) for name in names]


def replayed_step(
    recorded: RecordedStep,
    groups: Sequence[TrainingGroup],
    updated: Mapping[str, float],
    rate: float,
    line: Mapping[str, float],
    staleness: int,
) -> ReplayedStep:
    """What is said of a step.

    Args:
        recorded: what is recorded of it.
        groups: with the advantages of the replay.
        updated: the metrics of the update.
        rate: its learning rate.
        line: the run's metrics of the step; empty if it has none.
        staleness: age of weights beyond which samples are not learned from.
    """
    metrics = reward_metrics(groups) | age_metrics(groups, recorded.version, staleness)
    metrics |= _advantages([advantage for group in groups for advantage in group.advantages])
    metrics |= {f"learner/{name}": value for name, value in updated.items()} | {"learner/learning_rate": rate}
    kept = {name: value for name, value in line.items() if name in metrics or name.startswith(("reward/", "learner/"))}
    was = kept | _advantages([advantage for group in recorded.groups for advantage in group.advantages])
    return ReplayedStep(recorded, groups, _compared(metrics), _compared(was))


def _compared(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name not in _LEFT_OUT}


def _advantages(advantages: Sequence[float | None]) -> dict[str, float]:
    found = [advantage for advantage in advantages if advantage is not None]
    return {
        "advantage/learned": float(len(found)),
        **({"advantage/std": float(np.std(found)), "advantage/max": max(found), "advantage/min": min(found)} if found else {}),
    }
