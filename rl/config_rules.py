"""What a configuration has to keep to, beyond its types: ranges, combinations, files and scorers that are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from math import prod
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rewards.isolation import start_runner
from rewards.plugins import PluginError
from rl.advantages import ESTIMATORS
from rl.config import Config, LoraConfig, ModelConfig, RolloutConfig, StageConfig, scorer_entries
from rl.credit import KINDS
from rollout.expansion import FAMILIES
from rollout.judges import judge_of

CHOICES = {
    "estimator": tuple(ESTIMATORS),
    "credit": KINDS,
    "loss": ("ppo", "gspo", "cispo"),
    "kl_estimator": ("k1", "k2", "k3"),
    "kl_in": ("loss", "reward"),
    "correction": ("off", "truncate", "mask_token", "mask_sequence"),
}
IN_FLIGHT = ("wait", "abort", "keep")
TRANSFERS = ("memory", "broadcast")
LORA_SYNCS = ("merged", "adapter")


def check_config(config: Config) -> list[str]:
    """Ranges and combinations: one line for each problem, with key, value and what is allowed."""
    found = [f"{key} = {value!r}: {allowed}" for key, value, holds, allowed in _rules(config) if not holds]
    return found + list(_scorer_problems(config))


def _scorer_problems(config: Config) -> Iterator[str]:
    """Each scorer is put to its place once, so that one that cannot be loaded is found before the run begins."""
    try:
        entries = scorer_entries(config)
    except PluginError as error:
        yield f"rewards.scorers: {error}"
        return
    if config.grpo.credit == "level" and entries and not any(entry.level for entry in entries):
        yield "grpo.credit = 'level': needs a scorer of a level, such as leaf or root, or one with rewards.scorers.*.level set"
    for entry in entries:
        try:
            start_runner(entry.scorer).close()
        except PluginError as error:
            yield f"rewards.scorers.{entry.scorer.name}: {error}"


def _rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    grpo, learner, rollout, model = config.grpo, config.learner, config.rollout, config.model
    yield from _model_rules(config)
    yield "grpo.steps", grpo.steps, grpo.steps >= 0, "must be 0 or more"
    yield "grpo.group", grpo.group, grpo.group >= 2, "a group of 1 has no advantage; it must be 2 or more"
    yield "grpo.prompts", grpo.prompts, grpo.prompts >= 1, "must be 1 or more"
    yield "grpo.updates", grpo.updates, grpo.updates >= 1, "must be 1 or more"
    samples, parts = grpo.prompts * grpo.group, max(1, grpo.updates * learner.ranks)
    yield (
        "grpo.prompts",
        grpo.prompts,
        grpo.prompts % parts == 0,
        f"must be divisible by grpo.updates x learner.ranks = {parts} ({samples} samples in a step)",
    )
    for key in ("clip_low", "clip_high"):
        value = getattr(grpo, key)
        loose = grpo.loss == "cispo"  # which has no lower bound, or a high upper one
        yield f"grpo.{key}", value, 0 < value < 1 or (loose and value > 0), "must lie between 0 and 1"
    for key, choices in CHOICES.items():
        value = getattr(grpo, key)
        yield f"grpo.{key}", value, value in choices, f"must be one of {', '.join(choices)}"
    bounds = (grpo.correction_low, grpo.correction_high)
    yield "grpo.correction_low", bounds[0], 0 < bounds[0] < bounds[1], f"must lie between 0 and correction_high = {bounds[1]}"
    dual = grpo.dual_clip
    yield "grpo.dual_clip", dual, dual is None or (dual > 1 and grpo.loss == "ppo"), "must be above 1, with loss ppo"
    yield "grpo.epochs", grpo.epochs, grpo.epochs >= 1, "must be 1 or more"
    yield "grpo.resample", grpo.resample, grpo.resample >= 0, "must be 0 or more"
    kl_apart = grpo.credit == "sequence" or grpo.kl_in == "loss"
    yield "grpo.kl_in", grpo.kl_in, kl_apart, f"must be loss with credit {grpo.credit}, whose rewards it would not reach"
    pulls = grpo.kl_in == "reward" or grpo.kl_estimator != "k1" or not grpo.kl
    yield "grpo.kl_estimator", grpo.kl_estimator, pulls, "k1 has no gradient towards the reference; use k2 or k3 in the loss"
    free = not grpo.structured or grpo.correction == "off"
    yield "grpo.correction", grpo.correction, free, "must be off with structured, which changes the engine's distribution"
    apart = grpo.credit == "sequence" or grpo.loss != "gspo"
    yield "grpo.credit", grpo.credit, apart, "must be sequence with gspo, whose ratio is the sequence's"
    whole = grpo.loss != "gspo" or not grpo.token_level_loss
    yield "grpo.token_level_loss", grpo.token_level_loss, whole, "must be false with gspo, whose ratio is the sequence's"
    yield "grpo.kl", grpo.kl, grpo.kl >= 0, "must be 0 or more"
    yield "grpo.temperature", grpo.temperature, grpo.temperature > 0, "must be above 0; groups need variety"
    lengths = [grpo.max_tokens, *grpo.task_max_tokens.values()]
    yield "grpo.task_max_tokens", grpo.task_max_tokens, "*" not in grpo.task_max_tokens, "says max_tokens where it says *"
    yield "grpo.max_tokens", lengths, min(lengths) >= 1, "must be 1 or more, for each task"
    yield "grpo.mix", grpo.mix, _is_mix(grpo.mix), "must name at least one task with a weight above 0"
    yield from _schedule_rules("grpo", grpo.learning_rate, grpo.warmup)
    for name, stage in config.curriculum.stages.items():
        yield from _stage_rules(f"curriculum.stages.{name}", stage, learner.ranks)
    yield "learner.ranks", learner.ranks, learner.ranks >= 1, "must be 1 or more"
    yield "learner.zero_stage", learner.zero_stage, learner.zero_stage in range(4), "must be 0, 1, 2 or 3"
    known = set(learner.offload) <= {"optimizer", "parameters"}
    yield "learner.offload", learner.offload, known, "may list optimizer and parameters"
    sharded = learner.zero_stage >= (3 if "parameters" in learner.offload else 1 if learner.offload else 0)
    yield "learner.offload", learner.offload, sharded, "needs zero_stage 1 or more for the optimizer, 3 for parameters"
    yield "checkpoints.keep", config.checkpoints.keep, config.checkpoints.keep >= 1, "must be 1 or more"
    yield "learner.token_budget", learner.token_budget, learner.token_budget >= 1, "must be 1 or more"
    yield "rollout.engines", rollout.engines, rollout.engines >= 1, "must be 1 or more"
    yield from _sampling_rules(config)
    yield from _sync_rules(rollout, learner.gpus, model.lora)
    limits = config.evaluation.max_tokens
    covered = all(any(fnmatch(task, pattern) for pattern in limits) for task in config.evaluation.rows)
    yield "evaluation.max_tokens", limits, covered and min(limits.values()) >= 1, "must give every evaluated task 1 or more"
    longest = max(*lengths, *limits.values())
    yield (
        "rollout.max_model_len",
        rollout.max_model_len,
        rollout.max_model_len > longest,
        f"must be longer than the longest completion, {longest}, to leave room for prompts",
    )
    yield "rewards.workers", config.rewards.workers, config.rewards.workers >= 1, "must be 1 or more"
    scorers = sorted(config.rewards.scorers)
    yield "rewards.scorers", scorers, bool(scorers) or not grpo.steps, "GRPO needs at least one scorer"
    share = config.rewards.max_error_share
    yield "rewards.max_error_share", share, 0 <= share <= 1, "must lie between 0 and 1"
    uri = config.tracking.uri or ""
    yield (
        "tracking.uri",
        "…",
        "@" not in uri,
        "must hold no credentials, since the config is saved; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    )
    yield from _reasoning_rules(config)
    yield "data.fps", config.data.fps, config.data.fps > 0, "must be above 0"
    yield "data.max_frames", config.data.max_frames, config.data.max_frames >= 2, "must be 2 or more"
    rows = config.evaluation.rows
    yield "evaluation.rows", rows, bool(rows) and min(rows.values()) >= 1, "must name tasks with 1 row or more each"
    yield "model.dtype", model.dtype, model.dtype in ("float32", "bfloat16"), "must be float32 or bfloat16"


def _sampling_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    grpo, rollout, branching = config.grpo, config.rollout, config.rollout.branching
    yield "grpo.staleness", grpo.staleness, grpo.staleness >= 0, "must be 0 or more"
    yield "grpo.top_p", grpo.top_p, 0 < grpo.top_p <= 1, "must lie between 0 and 1"
    yield "grpo.top_k", grpo.top_k, grpo.top_k >= 0, "must be 0 or more"
    off_policy = {
        "staleness above 0": grpo.staleness > 0,
        "top_p below 1": grpo.top_p < 1,
        "top_k above 0": grpo.top_k > 0,
        "in_flight: keep": rollout.in_flight == "keep",
    }
    for what in (what for what, holds in off_policy.items() if holds):
        allowed = f"must not be off with {what}, whose samples are not the present policy's; truncate is usual"
        yield "grpo.correction", grpo.correction, grpo.correction != "off", allowed
    if branching:
        shape = len(branching) == 3 and min(branching) >= 1 and prod(branching) == grpo.group
        yield "rollout.branching", branching, shape, f"must be three numbers whose product is grpo.group = {grpo.group}"
        yield "grpo.structured", grpo.structured, not grpo.structured, "must be false with rollout.branching"
    branches = grpo.credit != "branch" or bool(branching)
    yield "grpo.credit", grpo.credit, branches, "needs rollout.branching, such as [2, 2, 2]"
    among = grpo.credit != "branch" or not grpo.estimator.startswith("reinforce++")
    yield "grpo.estimator", grpo.estimator, among, "must be grpo, dr_grpo or rloo with credit branch, which compares siblings"


def _sync_rules(rollout: RolloutConfig, learner_gpus: float, lora: LoraConfig | None) -> Iterator[tuple[str, Any, bool, str]]:
    yield "rollout.in_flight", rollout.in_flight, rollout.in_flight in IN_FLIGHT, f"must be one of {', '.join(IN_FLIGHT)}"
    yield "rollout.sync_timeout", rollout.sync_timeout, rollout.sync_timeout > 0, "must be above 0"
    yield "rollout.transfer", rollout.transfer, rollout.transfer in TRANSFERS, f"must be one of {', '.join(TRANSFERS)}"
    if rollout.transfer == "broadcast":
        gpus = (rollout.gpus, learner_gpus)
        alike = gpus == (0, 0) or min(gpus) >= 1
        yield (
            "rollout.transfer",
            rollout.transfer,
            alike,
            "must be memory where learner and engine share a GPU, or only one has any",
        )
        yield "rollout.checksum", rollout.checksum, not rollout.checksum, "must be false with transfer: broadcast"
    if lora is not None:
        yield "model.lora.sync", lora.sync, lora.sync in LORA_SYNCS, f"must be one of {', '.join(LORA_SYNCS)}"
    if lora is not None and lora.sync == "adapter":
        memory = rollout.transfer == "memory"
        yield "rollout.transfer", rollout.transfer, memory, "must be memory with model.lora.sync: adapter, which is small"
        yield "rollout.checksum", rollout.checksum, not rollout.checksum, "must be false with model.lora.sync: adapter"
        compiled = not rollout.gpus and not rollout.enforce_eager
        yield (
            "rollout.enforce_eager",
            rollout.enforce_eager,
            not compiled,
            "must be true with sync: adapter on CPUs, as vLLM's is",
        )
        yield "model.lora.rank", lora.rank, lora.rank <= 512, "must be at most 512 with sync: adapter, as vLLM's"


def _reasoning_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    key, reasoning = "evaluation.reasoning", config.evaluation.reasoning
    if reasoning is None:
        return
    yield f"{key}.width", reasoning.width, reasoning.width >= 1, "must be 1 or more"
    varied = reasoning.temperature > 0 or reasoning.width == 1
    yield f"{key}.temperature", reasoning.temperature, varied, "must be above 0, or all candidates are the same"
    try:
        judge_of(reasoning.scorer, reasoning.endpoint, reasoning.model)
    except UserError as error:
        yield f"{key}.scorer", reasoning.scorer, False, str(error)


def _model_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    model, data = config.model, config.data
    yield "model.init", model.init, model.init in ("checkpoint", "tiny"), "must be checkpoint or tiny"
    if model.init == "checkpoint":
        yield "model.path", model.path, bool(model.path), "name a checkpoint, or set model.init=tiny"
        local = model.path is not None and (model.path.startswith((".", "/", "~")) or Path(model.path).exists())
        if local:
            folder = Path(model.path or "").expanduser()
            allowed = f"the folder needs a config.json of model type {' or '.join(FAMILIES)}; check the path"
            yield "model.path", model.path, _model_type(folder) in FAMILIES, allowed
    else:
        yield "model.path", model.path, model.path is None, "must not be set with model.init=tiny"
        yield "model.tiny.family", model.tiny.family, model.tiny.family in FAMILIES, f"must be {' or '.join(FAMILIES)}"
        yield "model.tiny.hidden", model.tiny.hidden, model.tiny.hidden == 64 * model.tiny.heads, "must be 64 x heads"
    yield from _training_rules(model)
    for split in ("train", "val", "test"):
        file = getattr(data, split)
        if file is not None:
            yield f"data.{split}", file, Path(file).is_file(), "no such file"
    if data.faces is None and data.train is None:
        there = any(Path(data.directory).glob("train.*"))
        yield "data.directory", data.directory, there, "holds no train.jsonl; check the path, or set data.faces to draw one"
    if data.faces is not None:
        yield "data.faces.careless", data.faces.careless, 0 <= data.faces.careless <= 1, "must lie between 0 and 1"
        yield "data.faces.clips", data.faces.clips, data.faces.clips >= 8, "must be 8 or more"


def _training_rules(model: ModelConfig) -> Iterator[tuple[str, Any, bool, str]]:
    yield "model.freeze", model.freeze, set(model.freeze) <= {"vision", "projector"}, "must hold vision, projector or both"
    if model.lora is not None:
        yield "model.lora.rank", model.lora.rank, model.lora.rank >= 1, "must be 1 or more"
        yield "model.lora.alpha", model.lora.alpha, model.lora.alpha > 0, "must be above 0"
        yield "model.lora.modules", model.lora.modules, bool(model.lora.modules), "must name at least one linear layer"


def _model_type(folder: Path) -> str | None:
    file = folder / "config.json"
    if not file.is_file():
        return None
    return json.loads(file.read_text(encoding="utf-8")).get("model_type")


def _stage_rules(key: str, stage: StageConfig, ranks: int) -> Iterator[tuple[str, Any, bool, str]]:
    yield f"{key}.steps", stage.steps, stage.steps >= 0, "must be 0 or more"
    whole = stage.batch >= 1 and stage.batch % ranks == 0
    yield f"{key}.batch", stage.batch, whole, f"must be 1 or more and divisible by learner.ranks = {ranks}"
    yield f"{key}.mix", stage.mix, _is_mix(stage.mix), "must name at least one task with a weight above 0"
    yield from _schedule_rules(key, stage.learning_rate, stage.warmup)


def _schedule_rules(key: str, rate: float, warmup: float) -> Iterator[tuple[str, Any, bool, str]]:
    yield f"{key}.learning_rate", rate, rate > 0, "must be above 0"
    yield f"{key}.warmup", warmup, 0 <= warmup <= 1, "must lie between 0 and 1"


def _is_mix(mix: dict[str, float]) -> bool:
    return bool(mix) and all(weight >= 0 for weight in mix.values()) and sum(mix.values()) > 0
