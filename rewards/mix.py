"""The mix: scorers routed by task, and the weighted mean of what they give, which is a sample's reward.

The paper pairs each kind of data with its own reward (VidEmo, figure 3). Here each scorer lists the tasks that it applies
to, and a sample's reward is the weighted mean of the scorers that apply to its task. A scorer of weight 0 observes: what it
gives and where it fails is recorded, and changes nothing. `rewards/mix_settings.py` reads a mix from a config.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from types import TracebackType

from rewards.errors import UserError
from rewards.plugins.runners import Runner, score_with_retries, start_runner
from rewards.plugins.spec import PluginError, ScorerSpec, with_source
from rewards.sample import Failure, Outcome, Reward, RewardSample


@dataclass(frozen=True)
class MixEntry:
    """A scorer and its part in the mix, before it is loaded."""

    scorer: ScorerSpec
    weight: float = 1.0
    """Weight in the mean of a sample's scorers; 0 for a scorer that observes."""
    tasks: tuple[str, ...] = ("*",)
    """Shell-style patterns of the tasks that it scores."""
    level: str | None = None
    """Level of the tree that it judges (one of `rewards.tree.LEVELS`), for learners that credit levels apart."""

    def applies_to(self, task: str) -> bool:
        """Whether one of its patterns fits a task."""
        return any(fnmatch(task, pattern) for pattern in self.tasks)

    def counts_for(self, task: str) -> bool:
        """Whether the reward of a task's samples depends on it."""
        return self.weight > 0 and self.applies_to(task)


def with_sources(entries: Sequence[MixEntry]) -> list[MixEntry]:
    """The entries with the text of their files, so that workers elsewhere need no file and all score alike."""
    return [replace(entry, scorer=with_source(entry.scorer)) for entry in entries]


def build_mix(entries: Sequence[MixEntry]) -> RewardMix:
    """Load every scorer where it is to run.

    Raises:
        PluginError: for the first scorer that cannot be loaded; what was started before it is ended.
    """
    started: list[WeightedScorer] = []
    try:
        for entry in entries:
            started.append(WeightedScorer(entry, start_runner(entry.scorer)))
    except PluginError:
        RewardMix(started).close()
        raise
    return RewardMix(started)


@dataclass(frozen=True)
class WeightedScorer:
    """A loaded scorer with its part in the mix."""

    entry: MixEntry
    runner: Runner


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
        """Score samples; a scorer that compares within groups gets the samples of one `group` together.

        Returns:
            One reward for each sample, in their order.

        Raises:
            ScorerFailed: if a scorer failed whose `on_error` is `fail`.
        """
        tallies, tasks = [_Tally() for _ in samples], {sample.task for sample in samples}
        for item in self.scorers:
            fitting = {task for task in tasks if item.entry.applies_to(task)}
            chosen = [index for index, sample in enumerate(samples) if sample.task in fitting]
            if not chosen:
                continue
            for indices in _calls(item.runner, chosen, samples):
                outcomes = score_with_retries(item.runner, [samples[index] for index in indices])
                for index, outcome in zip(indices, outcomes, strict=True):
                    tallies[index].add(item.entry, outcome)
        return [tally.reward() for tally in tallies]


def _calls(runner: Runner, chosen: list[int], samples: Sequence[RewardSample]) -> list[list[int]]:
    """The places of the samples that go to a scorer together, call by call."""
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
        self.observer_errors: dict[str, str] = {}
        self.dropped = False

    def add(self, entry: MixEntry, outcome: Outcome) -> None:
        if outcome is None:
            return
        name = entry.scorer.name
        if isinstance(outcome, Failure):
            value = self._instead(entry, outcome)
            if value is None:
                return
        else:
            value = outcome.value
            self.parts.update({f"{name}.{key}": part for key, part in outcome.parts.items()})
        self.parts[name] = value
        if not entry.weight:
            return
        for key in (_ALL, entry.level or _REST):
            sums = self.sums.setdefault(key, [0.0, 0.0])
            sums[0] += entry.weight * value
            sums[1] += entry.weight

    def _instead(self, entry: MixEntry, fault: Failure) -> float | None:
        """The number to use where a scorer failed; None for none, which drops the sample if the scorer counts."""
        scorer = entry.scorer
        if not entry.weight:
            self.observer_errors[scorer.name] = fault.message
            return None if isinstance(scorer.on_error, str) else float(scorer.on_error)
        self.errors[scorer.name] = fault.message
        if scorer.on_error == "fail":
            raise ScorerFailed(f"scorer {scorer.name!r} failed, and its on_error is fail: {fault.message}")
        if scorer.on_error == "drop":
            self.dropped = True
            return None
        return float(scorer.on_error)

    def reward(self) -> Reward:
        errors, observer_errors = self.errors, self.observer_errors
        if self.dropped or not self.sums:
            return Reward(None, self.parts, errors=errors, observer_errors=observer_errors, abstained=not self.dropped)
        means = {key: total / weight for key, (total, weight) in self.sums.items()}
        value, rest = means.pop(_ALL), means.pop(_REST, None)
        return Reward(value, self.parts, means, rest, errors, observer_errors)
