"""Numbers of a configuration that have a range of their own, whatever else is set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from rl.config.schema import Config

_FROM_0 = (
    "grpo.steps",
    "grpo.resample",
    "grpo.staleness",
    "grpo.top_k",
    "grpo.kl",
    "grpo.final_learning_rate",
    "curriculum.stages.*.steps",
    "curriculum.stages.*.final_learning_rate",
    "learner.gpus",
    "learner.cpus",
    "learner.gradient_clip",
    "learner.weight_decay",
    "rollout.gpus",
    "rollout.cpus",
    "rollout.max_logprob_diff",
    "evaluation.every",
    "evaluation.examples",
    "checkpoints.every",
    "checkpoints.tune_every",
    "tracking.traces",
    "data.clip_cache_gib",
    "data.faces.seed",
)
_FROM_1 = (
    "grpo.prompts",
    "grpo.updates",
    "grpo.epochs",
    "learner.ranks",
    "learner.token_budget",
    "learner.threads",
    "rollout.engines",
    "rollout.tensor_parallel",
    "rollout.max_sequences",
    "rollout.threads",
    "rewards.workers",
    "checkpoints.keep",
    "evaluation.reasoning.width",
    "model.lora.rank",
    "model.tiny.layers",
    "model.tiny.heads",
    "model.tiny.kv_heads",
    "model.tiny.intermediate",
    "model.tiny.vision_depth",
    "model.tiny.vision_intermediate",
)
_ABOVE_0 = (
    "grpo.temperature",
    "grpo.learning_rate",
    "curriculum.stages.*.learning_rate",
    "rollout.cache_gib",
    "rollout.timeout",
    "rollout.sync_timeout",
    "model.lora.alpha",
    "model.tiny.init_std",
    "data.fps",
    "cluster.start_timeout",
)
_SHARES = ("grpo.warmup", "curriculum.stages.*.warmup", "rewards.max_error_share", "data.faces.careless")
_LEAST = {
    "data.max_frames": (2, "must be 2 or more"),
    "data.max_pixels": (28 * 28, "must be 784 (28 x 28) or more"),
    "data.faces.clips": (8, "must be 8 or more"),
    "grpo.group": (2, "a group of 1 has no advantage; it must be 2 or more"),
    "model.tiny.vocab": (300, "must be 300 or more, since each byte and each special token is one"),
    "cluster.object_store_gib": (0.08, "must be 0.08 or more, as Ray's"),
}


def range_problems(config: Config) -> Iterator[str]:
    """One line for each number that is out of its range, or no number."""
    for key, value in _numbers(config):
        general = _general(key)
        least, said = _LEAST.get(general, (-math.inf, ""))
        if not math.isfinite(value):
            yield f"{key} = {value!r}: must be a finite number"
        elif value < least:
            yield f"{key} = {value!r}: {said}"
        elif general in _FROM_0 and value < 0:
            yield f"{key} = {value!r}: must be 0 or more"
        elif general in _FROM_1 and value < 1:
            yield f"{key} = {value!r}: must be 1 or more"
        elif general in _ABOVE_0 and value <= 0:
            yield f"{key} = {value!r}: must be above 0{'; groups need variety' if general == 'grpo.temperature' else ''}"
        elif general in _SHARES and not 0 <= value <= 1:
            yield f"{key} = {value!r}: must lie between 0 and 1"
        elif general == "seed" and not 0 <= value < 2**32:
            yield f"{key} = {value!r}: must be 0 or more, and below 2^32, as NumPy's"


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Key and value of every number."""
    if is_dataclass(value):
        for one in fields(value):
            yield from _numbers(getattr(value, one.name), f"{key}.{one.name}" if key else one.name)
    elif isinstance(value, dict) and not key.endswith(".parameters"):  # which are a scorer's own matter
        for name, below in value.items():
            yield from _numbers(below, f"{key}.{name}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, value


def _general(key: str) -> str:
    """A key with a star for the name that a user gave a stage."""
    parts = key.split(".")
    return ".".join([*parts[:2], "*", *parts[3:]]) if parts[:2] == ["curriculum", "stages"] else key
