"""The reward of a sample: scorers routed by task, weighted and averaged.

The paper pairs each kind of data with its own reward (VidEmo, figure 3); here each scorer lists the tasks
that it applies to, and the reward is the weighted mean of those that apply.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import Any

from rewards.errors import UserError, did_you_mean, nearest_or_all, one_of
from rewards.files import read_settings, type_name
from rewards.plugins.loading import PluginError
from rewards.plugins.runners import Runner, score_with_retries, start_runner
from rewards.plugins.spec import ScorerSpec, with_source
from rewards.sample import Failure, Outcome, Reward, RewardSample
from rewards.tree.nodes import LEVELS


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


SHIPPED_LEVELS = {"leaf": "attribute", "expression": "expression", "root": "emotion"}


@dataclass(frozen=True)
class MixEntry:
    """A scorer and its part in the mix, before it is loaded."""

    scorer: ScorerSpec
    weight: float = 1.0
    tasks: tuple[str, ...] = ("*",)
    level: str | None = None


_OF_MIX = ("weight", "tasks", "level")
_OF_SCORER = ("spec", "parameters", "mode", "isolation", "adapter", "timeout", "retries", "on_error", "memory_gib")


def mix_entries(settings: Mapping[str, Mapping[str, Any]]) -> list[MixEntry]:
    """Read plain settings, one mapping for each scorer, as under `rewards.scorers` of a config.

    Raises:
        PluginError: for an unknown key or level.
    """
    return [_entry(name, given) for name, given in settings.items()]


def _entry(name: str, given: Mapping[str, Any]) -> MixEntry:
    known = (*_OF_MIX, *_OF_SCORER)
    unknown = sorted(str(key) for key in given if key not in known)
    tasks, weight = given.get("tasks", ("*",)), given.get("weight", 1.0)
    texts = isinstance(tasks, (list, tuple)) and all(isinstance(task, str) for task in tasks)
    spec, parameters = given.get("spec", ""), given.get("parameters", {})
    broken = [
        message
        for holds, message in (
            (not unknown, f"unknown key {', '.join(unknown)}" + (nearest_or_all(unknown[0], known) if unknown else "")),
            (texts and bool(tasks), f"tasks must be a list of patterns, such as [rationale], found {tasks!r}"),
            (_is_weight(weight), f"weight must be a number of 0 or more, found {weight!r}"),
            (isinstance(spec, str), f"spec must be text, such as file.py:function, found {spec!r}"),
            (isinstance(parameters, Mapping), f"parameters must be `key: value` pairs, found {parameters!r}"),
        )
        if not holds
    ]
    if broken:
        raise PluginError(f"scorer {name!r}: {'; '.join(broken)}")
    scorer = ScorerSpec(name, **{key: given[key] for key in _OF_SCORER if key in given})
    level = given.get("level") or SHIPPED_LEVELS.get(scorer.target)
    if level not in (None, *LEVELS):
        raise PluginError(f"scorer {name!r}: level {one_of(level, LEVELS)}")
    return MixEntry(scorer, float(weight), tuple(tasks), level)


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 <= weight < math.inf


def with_sources(entries: Sequence[MixEntry]) -> list[MixEntry]:
    """The entries with the text of their files, so that workers elsewhere need no file and all score alike."""
    return [replace(entry, scorer=with_source(entry.scorer)) for entry in entries]


def build_mix(entries: Sequence[MixEntry]) -> RewardMix:
    """Put every scorer to its place. Raises `PluginError` for one that cannot be had."""
    started: list[WeightedScorer] = []
    try:
        for entry in entries:
            started.append(WeightedScorer(start_runner(entry.scorer), entry.weight, entry.tasks, entry.level))
    except PluginError:
        RewardMix(started).close()
        raise
    return RewardMix(started)


def read_mix(file: Path) -> list[MixEntry]:
    """The mix of a YAML file. Raises as `mix_settings` and `mix_entries` do."""
    return mix_entries(mix_settings(named_file(str(file))))


def mix_settings(file: Path, above: tuple[Path, ...] = ()) -> dict[str, dict[str, Any]]:
    """The scorers' settings in a YAML file: one with `scorers` alone, or a run's config.

    Args:
        file: to read.
        above: files whose `rewards.mix` led here.

    Raises:
        PluginError: if the file is missing or names no scorers.
    """
    found = read_settings(file, PluginError)
    rewards = found.get("rewards") or found
    if file.resolve() in above:
        raise PluginError(f"{file}: its rewards.mix leads back to itself; name another file there")
    if not isinstance(rewards, Mapping):
        raise PluginError(f"{file}: `rewards` must be `key: value` pairs, found {type_name(rewards)}")
    scorers, mix = rewards.get("scorers") or {}, rewards.get("mix")
    if not isinstance(mix, (str, type(None))):
        raise PluginError(f"{file}: `mix` must be the name of a YAML file, found {type_name(mix)}")
    below = mix_settings(named_file(mix), (*above, file.resolve())) if mix else {}
    if not isinstance(scorers, Mapping) or not (scorers or below):
        hint = "".join(did_you_mean(key, ("scorers", "rewards")) for key in list(found)[:1])
        raise PluginError(f"{file}: names no scorers; it needs `scorers:`, `rewards: scorers:` or `rewards: mix:`{hint}")
    wrong = [str(name) for name, settings in scorers.items() if not isinstance(settings, (Mapping, type(None)))]
    if wrong:
        raise PluginError(
            f"{file}: the settings of {', '.join(wrong)} must be `key: value` pairs, such as {{spec: file.py:function}}"
        )
    own = {str(name): dict(settings or {}) for name, settings in scorers.items()}
    return {name: {**below.get(name, {}), **own.get(name, {})} for name in (*below, *(n for n in own if n not in below))}


def named_file(name: str) -> Path:
    """A file as a config names it: from here, or from where affectree's own configs are if it is not here."""
    shipped = Path(__file__).resolve().parent.parent / name
    return shipped if shipped.exists() and not Path(name).exists() else Path(name)
