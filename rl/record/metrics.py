"""What a GRPO step reports: plain numbers by name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rewards.sample import Reward
from rl.algo.filters import age
from rollout.samples import Group, TokenCredit


@dataclass(frozen=True)
class ScoredStep:
    """All groups of a step with their rewards and advantages."""

    groups: tuple[Group, ...]
    rewards: tuple[tuple[Reward, ...], ...]
    advantages: tuple[tuple[float | None, ...], ...]
    parts: tuple[tuple[TokenCredit, ...], ...]

    def errors(self) -> Counter[str]:
        """How many samples each scorer failed on."""
        return Counter(name for group in self.rewards for r in group for name in r.errors)

    def failed(self) -> int:
        """How many samples at least one scorer failed on."""
        return sum(bool(reward.errors) for group in self.rewards for reward in group)

    def samples(self) -> int:
        return sum(len(group.samples) for group in self.groups)


def reward_metrics(step: ScoredStep) -> dict[str, float]:
    """Means over the step's samples: the reward, its parts, group statistics, lengths, errors."""
    rewards = [r for group in step.rewards for r in group]
    values = [r.value for r in rewards if r.value is not None]
    samples = [sample for group in step.groups for sample in group.samples]
    lengths = np.array([len(sample.ids) for sample in samples])
    spreads = [np.std([r.value for r in group if r.value is not None] or [0.0]) for group in step.rewards]
    found = {
        "reward/mean": _mean(values),
        "reward/std": float(np.std(values)) if values else 0.0,
        "reward/max": max(values, default=0.0),
        "reward/min": min(values, default=0.0),
        "reward/group_std": float(np.mean(spreads)),
        "reward/zero_variance_groups": float(np.mean([spread < 1e-8 for spread in spreads])),
        "reward/errors": float(sum(step.errors().values())),
        "reward/dropped": float(sum(r.value is None for r in rewards)),
        "rollout/tokens": float(sum(group.drawn_tokens() for group in step.groups)),
        "rollout/length": float(lengths.mean()),
        "rollout/length_max": float(lengths.max()),
        "rollout/truncated": float(np.mean([s.finish_reason == "length" for s in samples])),
    }
    for name, count in step.errors().items():
        found[f"reward/errors/{name}"] = float(count)
    for level in sorted({name for r in rewards for name in r.levels}):
        found[f"reward/levels/{level}"] = _mean([r.levels[level] for r in rewards if level in r.levels])
    for part in sorted({name for r in rewards for name in r.parts}):
        found[f"reward/parts/{part}"] = _mean([r.parts[part] for r in rewards if part in r.parts])
    return found


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
    """The line that is printed for a step."""
    parts = " ".join(
        f"{name.removeprefix('reward/parts/')} {value:.2f}"
        for name, value in m.items()
        if name.startswith("reward/parts/") and "." not in name.removeprefix("reward/parts/")
    )
    phases = " ".join(f"{name.removeprefix('seconds/')} {value:.1f}" for name, value in m.items() if name.startswith("seconds/"))
    return (
        f"step {step}/{steps} | reward {m['reward/mean']:.3f} ({parts}) | kl {m['learner/kl']:.4f} "
        f"clip {m['learner/clip_share']:.3f} | length {m['rollout/length']:.0f} | "
        f"{m['rollout/tokens_per_second']:.0f} tokens/s | seconds: {phases} | errors {m['reward/errors']:.0f}"
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def age_metrics(groups: Sequence[Group], version: int, most: int) -> dict[str, float]:
    ages = [age(sample, version) for group in groups for sample in group.samples]
    return {
        "rollout/age_mean": float(np.mean(ages)),
        "rollout/age_max": float(max(ages)),
        "rollout/stale": float(sum(number > most for number in ages)),
    }


class Stopwatch:
    """Seconds by phase of one step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Say what the time since the last lap was spent on."""
        now = time.perf_counter()
        self.seconds[phase] = now - self._last
        self._last = now
