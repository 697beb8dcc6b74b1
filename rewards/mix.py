"""The reward of a sample: scorers routed by task, weighted and averaged.

The paper pairs each kind of data with its own reward (VidEmo, figure 3); here each scorer lists the tasks
that it applies to, and the reward is the weighted mean of those that apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from types import TracebackType

from rewards.errors import UserError
from rewards.isolation import Runner, score_with_retries
from rewards.sample import Failure, Outcome, RewardSample

LEVELS = ("attribute", "expression", "emotion")


@dataclass(frozen=True)
class WeightedScorer:
    """A scorer's part in the mix."""

    runner: Runner
    weight: float = 1.0
    tasks: tuple[str, ...] = ("*",)
    """Shell-style patterns of the tasks that it scores."""
    level: str | None = None
    """Level of the tree that it judges, for learners that credit levels apart."""

    def applies_to(self, task: str) -> bool:
        return any(fnmatch(task, pattern) for pattern in self.tasks)


@dataclass(frozen=True)
class Reward:
    """The mixed number and what it is made of; or no number, if a scorer failed whose `on_error` is `drop`."""

    value: float | None
    parts: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    """The weighted mean of each tree level's scorers."""
    rest: float | None = None
    """The weighted mean of the scorers that judge no level, but the whole."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What went wrong, by scorer; also of scorers for which a number was used instead."""


class ScorerFailed(UserError):
    """A scorer failed whose `on_error` is `fail`."""


class RewardMix:
    """A set of weighted scorers. Scoring never raises on a scorer's fault, unless that scorer's `on_error` is `fail`."""

    def __init__(self, scorers: Sequence[WeightedScorer]) -> None:
        self.scorers = tuple(scorers)

    def __enter__(self) -> RewardMix:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End every process and thread of the scorers."""
        for item in self.scorers:
            item.runner.close()

    def __call__(self, sample: RewardSample) -> Reward:
        """Score one sample."""
        return self.score([sample])[0]

    def score(self, samples: Sequence[RewardSample]) -> list[Reward]:
        """Score samples; scorers that compare within groups get those with the same `group` together.

        Raises:
            ScorerFailed: if a scorer failed whose `on_error` is `fail`.
        """
        tallies = [_Tally() for _ in samples]
        for item in self.scorers:
            chosen = [index for index, sample in enumerate(samples) if item.applies_to(sample.task)]
            if not chosen:
                continue
            for indices in _calls(item.runner, chosen, samples):
                outcomes = score_with_retries(item.runner, [samples[index] for index in indices])
                for index, outcome in zip(indices, outcomes, strict=True):
                    tallies[index].add(item, outcome)
        return [tally.reward(sample) for tally, sample in zip(tallies, samples, strict=True)]


def _calls(runner: Runner, chosen: list[int], samples: Sequence[RewardSample]) -> list[list[int]]:
    """Which samples go to a scorer together."""
    if runner.mode != "group":
        return [chosen]
    groups: dict[str, list[int]] = {}
    for index in chosen:
        groups.setdefault(samples[index].group, []).append(index)
    return list(groups.values())


_ALL, _REST = "all", "rest"
"""Keys of a tally, beside the levels."""


class _Tally:
    """What one sample's scorers have said so far."""

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {}
        self.parts: dict[str, float] = {}
        self.errors: dict[str, str] = {}
        self.dropped = False

    def add(self, item: WeightedScorer, outcome: Outcome) -> None:
        if outcome is None:
            return
        name = item.runner.spec.name
        if isinstance(outcome, Failure):
            value = self._instead(item, outcome)
            if value is None:
                return
        else:
            value = outcome.value
            self.parts.update({f"{name}.{key}": part for key, part in outcome.parts.items()})
        self.parts[name] = value
        for key in (_ALL, item.level or _REST):
            sums = self.sums.setdefault(key, [0.0, 0.0])
            sums[0] += item.weight * value
            sums[1] += item.weight

    def _instead(self, item: WeightedScorer, fault: Failure) -> float | None:
        spec = item.runner.spec
        self.errors[spec.name] = fault.message
        if spec.on_error == "fail":
            raise ScorerFailed(f"scorer {spec.name!r} failed, and its on_error is fail: {fault.message}")
        if spec.on_error == "drop":
            self.dropped = True
            return None
        return float(spec.on_error)

    def reward(self, sample: RewardSample) -> Reward:
        if self.dropped:
            return Reward(None, self.parts, errors=self.errors)
        means = {key: total / weight for key, (total, weight) in self.sums.items() if weight}
        if _ALL not in means:
            return Reward(None, self.parts, errors={**self.errors, "mix": f"no scorer applies to task {sample.task!r}"})
        value, rest = means.pop(_ALL), means.pop(_REST, None)
        return Reward(value, self.parts, means, rest, self.errors)
