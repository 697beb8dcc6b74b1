"""What a configuration has to keep to, beyond its types: ranges, combinations, files and scorers that are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from math import prod
from typing import Any

from rewards.errors import UserError, did_you_mean
from rewards.plugins.loading import PluginError
from rewards.plugins.runners import start_runner
from rl.algo.advantages import ESTIMATORS
from rl.algo.credit import KINDS
from rl.config.places import address_problems, environment_problems, file_problems
from rl.config.ranges import range_problems
from rl.config.schema import Config, LoraConfig, RolloutConfig, StageConfig, scorer_entries
from rollout.families import FAMILIES
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
DTYPES = ("float32", "bfloat16")
LINEAR_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Of the language models of all families."""

_A_MIX = "must name at least one task with a weight above 0, and none below"


def check_config(config: Config, files: bool = True) -> list[str]:
    """Ranges and combinations: one line for each problem, with key, value and what is allowed.

    Args:
        config: to look at.
        files: look for data, models and scorers too, and at the environment of the run.
    """
    found = list(range_problems(config))
    told = [problem.partition(" = ")[0] for problem in found]
    for key, value, holds, allowed in _rules(config):
        if not holds and not any(one == key or one.startswith(f"{key}.") for one in told):
            found.append(f"{key} = {value!r}: {allowed}")
    found += address_problems(config)
    if files:
        found += environment_problems(config, os.environ)
        found += file_problems(config)
        found += _scorer_problems(config)
    return found


def _scorer_problems(config: Config) -> Iterator[str]:
    """Each scorer is put to its place once, so that one that cannot be loaded is found before the run begins."""
    try:
        entries = scorer_entries(config)
    except PluginError as error:
        yield f"rewards.scorers: {error}"
        return
    sound = True
    for entry in entries:
        try:
            start_runner(entry.scorer).close()
        except PluginError as error:
            sound = False
            yield f"rewards.scorers.{entry.scorer.name}: {error}"
    if sound and config.grpo.credit == "level" and entries and not any(entry.level for entry in entries):
        yield "grpo.credit = 'level': needs a scorer of a level, such as leaf or root, or one with rewards.scorers.*.level set"


def _rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    grpo, learner, rollout, model = config.grpo, config.learner, config.rollout, config.model
    yield from _model_rules(config)
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
        yield _chosen(f"grpo.{key}", getattr(grpo, key), choices)
    bounds = (grpo.correction_low, grpo.correction_high)
    yield "grpo.correction_low", bounds[0], 0 < bounds[0] < bounds[1], f"must lie between 0 and correction_high = {bounds[1]}"
    dual = grpo.dual_clip
    yield "grpo.dual_clip", dual, dual is None or (dual > 1 and grpo.loss == "ppo"), "must be above 1, with loss ppo"
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
    lengths = [grpo.max_tokens, *grpo.task_max_tokens.values()]
    yield "grpo.task_max_tokens", grpo.task_max_tokens, "*" not in grpo.task_max_tokens, "says max_tokens where it says *"
    yield "grpo.max_tokens", grpo.max_tokens, grpo.max_tokens >= 1, "must be 1 or more"
    yield "grpo.task_max_tokens", grpo.task_max_tokens, min(lengths[1:], default=1) >= 1, "must be 1 or more for each task"
    yield "grpo.mix", grpo.mix, _is_mix(grpo.mix), _A_MIX
    for name, stage in config.curriculum.stages.items():
        yield from _stage_rules(f"curriculum.stages.{name}", stage, learner.ranks)
    yield "learner.zero_stage", learner.zero_stage, learner.zero_stage in range(4), "must be 0, 1, 2 or 3"
    yield _listed("learner.offload", learner.offload, ("optimizer", "parameters"), "may list optimizer and parameters")
    sharded = learner.zero_stage >= (3 if "parameters" in learner.offload else 1 if learner.offload else 0)
    yield "learner.offload", learner.offload, sharded, "needs zero_stage 1 or more for the optimizer, 3 for parameters"
    yield "learner.beta2", learner.beta2, 0 <= learner.beta2 < 1, "must be 0 or more and below 1"
    yield "rollout.gpu_memory", rollout.gpu_memory, 0 < rollout.gpu_memory <= 1, "must be above 0 and at most 1"
    yield _chosen("rollout.dtype", rollout.dtype or DTYPES[0], DTYPES)
    yield from _sampling_rules(config)
    yield from _sync_rules(rollout, learner.gpus, model.lora)
    yield from _evaluation_rules(config)
    longest = max([*lengths, *config.evaluation.max_tokens.values()])
    yield (
        "rollout.max_model_len",
        rollout.max_model_len,
        rollout.max_model_len > longest,
        f"must be longer than the longest completion, {longest}, to leave room for prompts",
    )
    scorers = sorted(config.rewards.scorers)
    yield "rewards.scorers", scorers, bool(scorers) or not grpo.steps, "GRPO needs at least one scorer"


def _sampling_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    grpo, rollout, branching = config.grpo, config.rollout, config.rollout.branching
    yield "grpo.top_p", grpo.top_p, 0 < grpo.top_p <= 1, "must lie between 0 and 1"
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
    yield _chosen("rollout.in_flight", rollout.in_flight, IN_FLIGHT)
    yield _chosen("rollout.transfer", rollout.transfer, TRANSFERS)
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
        yield _chosen("model.lora.sync", lora.sync, LORA_SYNCS)
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


def _evaluation_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    evaluation, limits = config.evaluation, config.evaluation.max_tokens
    for key, rows in (("rows", evaluation.rows), ("val_rows", evaluation.val_rows)):
        asked = key == "rows" or bool(evaluation.every)
        few = not asked or (bool(rows) and min(rows.values()) >= 1)
        yield f"evaluation.{key}", rows, few, "must name tasks with 1 row or more each"
        covered = not asked or all(any(fnmatch(task, pattern) for pattern in limits) for task in rows)
        yield "evaluation.max_tokens", limits, covered, f"must have a length for every task of evaluation.{key}, or one for '*'"
    yield "evaluation.max_tokens", limits, min(limits.values(), default=1) >= 1, "must be 1 or more for each task"
    key, reasoning = "evaluation.reasoning", evaluation.reasoning
    if reasoning is None:
        return
    yield (
        "evaluation.rows",
        evaluation.rows,
        "rationale" in evaluation.rows,
        "must name rationale, which evaluation.reasoning takes",
    )
    varied = reasoning.temperature > 0 or reasoning.width == 1
    yield f"{key}.temperature", reasoning.temperature, varied, "must be above 0, or all candidates are the same"
    try:
        judge_of(reasoning.scorer, reasoning.endpoint, reasoning.model)
    except UserError as error:
        yield f"{key}.scorer", reasoning.scorer, False, str(error)


def _model_rules(config: Config) -> Iterator[tuple[str, Any, bool, str]]:
    model, tiny = config.model, config.model.tiny
    yield _chosen("model.init", model.init, ("checkpoint", "tiny"))
    yield _chosen("model.dtype", model.dtype, DTYPES)
    if model.init == "checkpoint":
        yield "model.path", model.path, bool(model.path), "name a checkpoint, or set model.init=tiny"
    elif model.init == "tiny":
        yield "model.path", model.path, model.path is None, "must not be set with model.init=tiny"
        yield _chosen("model.tiny.family", tiny.family, FAMILIES)
        yield (
            "model.tiny.hidden",
            tiny.hidden,
            tiny.hidden == 64 * tiny.heads,
            f"must be 64 x model.tiny.heads = {64 * tiny.heads}",
        )
        shared = tiny.heads % max(1, tiny.kv_heads) == 0
        yield "model.tiny.kv_heads", tiny.kv_heads, shared, f"must divide model.tiny.heads = {tiny.heads}"
        whole = tiny.vision_hidden >= 64 and tiny.vision_hidden % 64 == 0
        yield "model.tiny.vision_hidden", tiny.vision_hidden, whole, "must be a multiple of 64"
    yield _listed("model.freeze", model.freeze, ("vision", "projector"), "may list vision and projector")
    if model.lora is not None:
        layers = f"may list {', '.join(LINEAR_LAYERS)}"
        yield "model.lora.modules", model.lora.modules, bool(model.lora.modules), "must name at least one linear layer"
        yield _listed("model.lora.modules", model.lora.modules, LINEAR_LAYERS, layers)


def _chosen(key: str, word: str | None, known: tuple[str, ...]) -> tuple[str, Any, bool, str]:
    """A rule for a word that is one of a few."""
    return key, word, word in known, f"must be one of {', '.join(known)}{did_you_mean(word, known)}"


def _listed(key: str, words: list[str], known: tuple[str, ...], allowed: str) -> tuple[str, Any, bool, str]:
    """A rule for a list of words that are known."""
    unknown = [word for word in words if word not in known]
    return key, words, not unknown, allowed + "".join(did_you_mean(word, known) for word in unknown[:1])


def _stage_rules(key: str, stage: StageConfig, ranks: int) -> Iterator[tuple[str, Any, bool, str]]:
    whole = stage.batch >= 1 and stage.batch % max(1, ranks) == 0
    yield f"{key}.batch", stage.batch, whole, f"must be 1 or more and divisible by learner.ranks = {ranks}"
    yield f"{key}.mix", stage.mix, _is_mix(stage.mix), _A_MIX


def _is_mix(mix: dict[str, float]) -> bool:
    return bool(mix) and all(weight >= 0 for weight in mix.values()) and sum(mix.values()) > 0
