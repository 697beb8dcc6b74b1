"""How completions of a prompt are drawn: in GRPO, in evaluation, and how long each task's may be."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

from rl.config import Config, EvaluationConfig
from rollout.samples import SamplingSpec


def grpo_sampling(config: Config, task: str) -> SamplingSpec:
    """A group's samples."""
    grpo = config.grpo
    return SamplingSpec(
        count=grpo.group,
        max_tokens=longest_completion({**grpo.task_max_tokens, "*": grpo.max_tokens}, task),
        temperature=grpo.temperature,
        top_p=grpo.top_p,
        top_k=grpo.top_k,
        stop=tuple(grpo.stop),
        branching=tuple(config.rollout.branching),
        structured=grpo.structured,
    )


def greedy_sampling(settings: EvaluationConfig, task: str) -> SamplingSpec:
    """The one completion that is evaluated."""
    longest = longest_completion(settings.max_tokens, task)
    return SamplingSpec(1, longest, temperature=0.0, structured=settings.structured)


def longest_completion(limits: Mapping[str, int], task: str) -> int:
    """The task's own limit, or that of the first pattern that fits it; `*` counts last."""
    patterns = sorted(limits, key=lambda pattern: pattern == "*")  # which the defaults bring along, first
    return limits[task] if task in limits else next(limits[pattern] for pattern in patterns if fnmatch(task, pattern))
