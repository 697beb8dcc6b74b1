"""What a step reports: plain numbers by name. What each means: docs/metrics.md."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rollout.samples import Group, ScoredGroup

_OBSERVER_ERRORS = "reward/observer_errors/"


def sft_metrics(stats: Mapping[str, float], learning_rate: float, seconds: float) -> dict[str, float]:
    """A supervised step's metrics. The prefix `tune/` is the one that stored runs have."""
    metrics = {f"tune/{name}": value for name, value in stats.items()}
    return metrics | {"tune/learning_rate": learning_rate, "tune/seconds": seconds}


def step_metrics(
    groups: Sequence[ScoredGroup],
    updated: Mapping[str, float],
    synced: Mapping[str, float],
    seconds: Mapping[str, float],
    version: int,
    staleness: int,
) -> dict[str, float]:
    """A GRPO step's metrics.

    Args:
        groups: the step's.
        updated: metrics of the learner's updates.
        synced: metrics of the sync after them.
        seconds: phase of the step -> its seconds.
        version: of the weights that learned from the groups.
        staleness: age of weights beyond which samples are not learned from.
    """
    metrics = reward_metrics(groups) | age_metrics(groups, version, staleness)
    metrics |= timing_metrics(seconds, metrics["rollout/tokens"])
    return metrics | {f"learner/{name}": value for name, value in updated.items()} | dict(synced)


def reward_metrics(groups: Sequence[ScoredGroup]) -> dict[str, float]:
    """Means over the step's samples: the reward, its parts, group statistics, lengths, errors.

    Statistics of rewards are left out where no sample has one.
    """
    rewards = [reward for group in groups for reward in group.rewards]
    values = [r.value for r in rewards if r.value is not None]
    samples = [sample for group in groups for sample in group.samples]
    lengths = np.array([len(sample.ids) for sample in samples])
    errors, observer_errors = scorer_errors(groups), Counter(name for r in rewards for name in r.observer_errors)
    found = {
        **(_spread(groups, values) if values else {}),
        "reward/errors": float(errors.total()),
        "reward/observer_errors": float(observer_errors.total()),
        "reward/abstained": float(sum(r.abstained for r in rewards)),
        "reward/dropped": float(sum(r.value is None for r in rewards)),
        "rollout/tokens": float(sum(group.drawn_tokens() for group in groups)),
        "rollout/length": float(lengths.mean()),
        "rollout/length_max": float(lengths.max()),
        "rollout/truncated": float(np.mean([sample.truncated for sample in samples])),
    }
    for what, counts in (("errors", errors), ("observer_errors", observer_errors)):
        for name, count in counts.items():
            found[f"reward/{what}/{name}"] = float(count)
    for level in sorted({name for r in rewards for name in r.levels}):
        found[f"reward/levels/{level}"] = _mean([r.levels[level] for r in rewards if level in r.levels])
    for part in sorted({name for r in rewards for name in r.parts}):
        found[f"reward/parts/{part}"] = _mean([r.parts[part] for r in rewards if part in r.parts])
    return found


def _spread(groups: Sequence[ScoredGroup], values: Sequence[float]) -> dict[str, float]:
    """How the rewards of a step are spread; groups without one are left out."""
    by_group = [[r.value for r in group.rewards if r.value is not None] for group in groups]
    deviations = [np.std(of_group) for of_group in by_group if of_group]
    return {
        "reward/mean": _mean(values),
        "reward/std": float(np.std(values)),
        "reward/max": max(values),
        "reward/min": min(values),
        "reward/group_std": float(np.mean(deviations)),
        "reward/zero_variance_groups": float(np.mean([deviation < 1e-8 for deviation in deviations])),
    }


def scorer_errors(groups: Sequence[ScoredGroup]) -> Counter[str]:
    """How many samples each scorer that counts failed on."""
    return Counter(name for group in groups for reward in group.rewards for name in reward.errors)


def failed_samples(groups: Sequence[ScoredGroup]) -> int:
    """How many samples at least one scorer that counts failed on; those of which all abstained are none."""
    return sum(bool(reward.errors) for group in groups for reward in group.rewards)


def age_metrics(groups: Sequence[Group], version: int, most: int) -> dict[str, float]:
    """How many versions older than `version` the weights were that drew the samples; `rollout/stale` are older than `most`."""
    ages = [sample.age(version) for group in groups for sample in group.samples]
    return {
        "rollout/age_mean": float(np.mean(ages)),
        "rollout/age_max": float(max(ages)),
        "rollout/stale": float(sum(number > most for number in ages)),
    }


def timing_metrics(seconds: Mapping[str, float], tokens: float) -> dict[str, float]:
    """Seconds by phase, their sum, and sampled tokens a second over the whole step."""
    whole = sum(seconds.values())
    shown = {f"seconds/{phase}": value for phase, value in seconds.items()}
    return {
        **shown,
        "seconds/step": whole,
        "rollout/tokens_per_second": tokens / max(whole, 1e-9),
        "learner/idle_share": 1.0 - seconds["learn"] / max(whole, 1e-9),
    }


def step_line(step: int, steps: int, m: Mapping[str, float]) -> str:
    """The line that is printed for a step; what it has no number for is shown as -."""
    parts = " ".join(
        f"{name.removeprefix('reward/parts/')} {value:.2f}"
        for name, value in m.items()
        if name.startswith("reward/parts/") and "." not in name.removeprefix("reward/parts/")
    )
    phases = " ".join(f"{name.removeprefix('seconds/')} {value:.1f}" for name, value in m.items() if name.startswith("seconds/"))
    errors = f"errors {m['reward/errors']:.0f}" + "".join(
        f", {name.removeprefix(_OBSERVER_ERRORS)} (observes) {count:.0f}"
        for name, count in m.items()
        if name.startswith(_OBSERVER_ERRORS)
    )
    if m["reward/abstained"]:
        errors += f" | abstained {m['reward/abstained']:.0f}"
    return (
        f"step {step}/{steps} | reward {_shown(m, 'reward/mean', 3)} ({parts}) | kl {_shown(m, 'learner/kl', 4)} "
        f"clip {_shown(m, 'learner/clip_share', 3)} | length {m['rollout/length']:.0f} | "
        f"{m['rollout/tokens_per_second']:.0f} tokens/s | seconds: {phases} | {errors}"
    )


def _shown(metrics: Mapping[str, float], name: str, digits: int) -> str:
    return f"{metrics[name]:.{digits}f}" if name in metrics else "-"


class Stopwatch:
    """Seconds by phase of one step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> float:
        """Say what the time since the last lap was spent on; returns its seconds."""
        now = time.perf_counter()
        self.seconds[phase] = now - self._last
        self._last = now
        return self.seconds[phase]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
