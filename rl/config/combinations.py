"""Settings that have to go together: what one may be depends on what another is."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import pairwise
from math import prod

from rewards.errors import UserError, did_you_mean
from rl.config.determinism_rules import determinism_rules
from rl.config.functions import LINEAR_LAYERS
from rl.config.judge_rules import judge_rules
from rl.config.rule import Rule
from rl.config.schema import Config, GrpoConfig, LoraConfig, RolloutConfig
from rollout.families import FAMILIES
from rollout.judges import check_judge

_A_MIX = "must name at least one task with a weight above 0, and none below"


def combination_rules(config: Config) -> Iterator[Rule]:
    """All rules, kept or not."""
    yield from _model_rules(config)
    yield from _curriculum_rules(config)
    yield from _grpo_rules(config)
    yield from _schedule_rules(config.grpo)
    yield from _objective_rules(config.grpo)
    yield from _off_policy_rules(config)
    yield from _branching_rules(config)
    yield from _learner_rules(config)
    yield from _length_rules(config)
    yield from _sync_rules(config.rollout, config.learner.gpus, config.model.lora)
    yield from _evaluation_rules(config)
    yield from judge_rules(config)
    yield from determinism_rules(config)


def _model_rules(config: Config) -> Iterator[Rule]:
    model, tiny = config.model, config.model.tiny
    if model.init == "checkpoint":
        yield Rule("model.path", model.path, bool(model.path), "name a checkpoint, or set model.init=tiny")
    elif model.init == "tiny":
        yield Rule("model.path", model.path, model.path is None, "must not be set with model.init=tiny")
        families = f"must be one of {', '.join(FAMILIES)}{did_you_mean(tiny.family, FAMILIES)}"
        yield Rule("model.tiny.family", tiny.family, tiny.family in FAMILIES, families)
        wide = 64 * tiny.heads
        yield Rule("model.tiny.hidden", tiny.hidden, tiny.hidden == wide, f"must be 64 x model.tiny.heads = {wide}")
        shared = tiny.heads % max(1, tiny.kv_heads) == 0
        yield Rule("model.tiny.kv_heads", tiny.kv_heads, shared, f"must divide model.tiny.heads = {tiny.heads}")
        yield Rule("model.tiny.vision_hidden", tiny.vision_hidden, tiny.vision_hidden % 64 == 0, "must be a multiple of 64")
    if model.lora is not None:
        modules = model.lora.modules
        unknown = [module for module in modules if module not in LINEAR_LAYERS]
        hint = "".join(did_you_mean(module, LINEAR_LAYERS) for module in unknown[:1])
        yield Rule("model.lora.modules", modules, bool(modules), "must name at least one linear layer")
        yield Rule("model.lora.modules", modules, not unknown, f"may list {', '.join(LINEAR_LAYERS)}{hint}")


def _curriculum_rules(config: Config) -> Iterator[Rule]:
    ranks, stages = config.learner.ranks, config.curriculum.stages
    for name, stage in stages.items():
        key = f"curriculum.stages.{name}"
        lacking = stage.mix and stage.steps is None and stage.epochs is None
        yield Rule(f"{key}.steps", stage.steps, not lacking, "say how long the stage is, by steps or by epochs")
        once = stage.steps is None or stage.epochs is None
        either = f"steps and epochs both say how long the stage is; set {key}.epochs or {key}.steps to null"
        yield Rule(f"{key}.epochs", stage.epochs, once, either)
        whole = stage.batch % max(1, ranks) == 0
        yield Rule(f"{key}.batch", stage.batch, whole, f"must be 1 or more and divisible by learner.ranks = {ranks}")
        others = [other for other in stages if other != name and stages[other].mix]
        yield Rule(f"{key}.mix", stage.mix, any(stage.mix.values()), _A_MIX + ("" if stage.mix else did_you_mean(name, others)))


def _grpo_rules(config: Config) -> Iterator[Rule]:
    grpo, samples = config.grpo, config.grpo.prompts * config.grpo.group
    shares = max(1, grpo.updates * config.learner.ranks)
    even = f"must be divisible by grpo.updates x learner.ranks = {shares} ({samples} samples in a step)"
    yield Rule("grpo.prompts", grpo.prompts, grpo.prompts % shares == 0, even)
    yield Rule("grpo.mix", grpo.mix, any(grpo.mix.values()), _A_MIX)
    weights, asked = {name: one.weight for name, one in config.rewards.scorers.items()}, grpo.steps > 0
    yield Rule("rewards.scorers", sorted(weights), bool(weights) or not asked, "GRPO needs at least one scorer")
    counts = not weights or any(weight > 0 for weight in weights.values()) or not asked
    yield Rule("rewards.scorers.*.weight", weights, counts, "must be above 0 for one of them, or nothing is rewarded")


def _schedule_rules(grpo: GrpoConfig) -> Iterator[Rule]:
    restarts = grpo.restarts
    rising = all(one < after for one, after in pairwise([0, *restarts, grpo.steps])) if restarts else True
    yield Rule("grpo.restarts", restarts, rising, f"must rise, each above 0 and below grpo.steps = {grpo.steps}")


def _objective_rules(grpo: GrpoConfig) -> Iterator[Rule]:
    clipped = grpo.loss in ("ppo", "gspo")  # cispo has no lower bound, or a high upper one; of a user's loss nothing is known
    for key, value in (("grpo.clip_low", grpo.clip_low), ("grpo.clip_high", grpo.clip_high)):
        yield Rule(key, value, value < 1 or not clipped, "must lie between 0 and 1")
    bounds = (grpo.correction_low, grpo.correction_high)
    between = f"must lie between 0 and correction_high = {bounds[1]}"
    yield Rule("grpo.correction_low", bounds[0], bounds[0] < bounds[1], between)
    dual = grpo.dual_clip
    yield Rule("grpo.dual_clip", dual, dual is None or grpo.loss not in ("gspo", "cispo"), "must be above 1, with loss ppo")
    kl_apart = grpo.credit == "sequence" or grpo.kl_in == "loss"
    unreached = f"must be loss with credit {grpo.credit}, whose rewards it would not reach"
    yield Rule("grpo.kl_in", grpo.kl_in, kl_apart, unreached)
    by_parts = grpo.estimator == "gdpo" and grpo.kl_in == "reward"
    yield Rule("grpo.kl_in", grpo.kl_in, not by_parts, "must be loss with estimator gdpo, which looks at the parts of a reward")
    pulls = grpo.kl_in == "reward" or grpo.kl_estimator != "k1" or not grpo.kl
    flat = "k1 has no gradient towards the reference; use k2 or k3 in the loss"
    yield Rule("grpo.kl_estimator", grpo.kl_estimator, pulls, flat)
    free = not grpo.structured or grpo.correction == "off"
    yield Rule("grpo.correction", grpo.correction, free, "must be off with structured, which changes the engine's distribution")
    gspo = grpo.loss == "gspo"
    apart = grpo.credit == "sequence" or not gspo
    yield Rule("grpo.credit", grpo.credit, apart, "must be sequence with gspo, whose ratio is the sequence's")
    whole = not (gspo and grpo.token_level_loss)
    yield Rule("grpo.token_level_loss", grpo.token_level_loss, whole, "must be false with gspo, whose ratio is the sequence's")


def _off_policy_rules(config: Config) -> Iterator[Rule]:
    grpo = config.grpo
    off_policy = {
        "staleness above 0": grpo.staleness > 0,
        "top_p below 1": grpo.top_p < 1,
        "top_k above 0": grpo.top_k > 0,
        "in_flight: keep": config.rollout.in_flight == "keep",
    }
    for what in (what for what, holds in off_policy.items() if holds):
        allowed = f"must not be off with {what}, whose samples are not the present policy's; truncate is usual"
        yield Rule("grpo.correction", grpo.correction, grpo.correction != "off", allowed)


def _branching_rules(config: Config) -> Iterator[Rule]:
    grpo, branching = config.grpo, config.rollout.branching
    if branching:
        shape = len(branching) == 3 and prod(branching) == grpo.group
        numbers = f"must be three numbers whose product is grpo.group = {grpo.group}"
        yield Rule("rollout.branching", branching, shape, numbers)
        yield Rule("grpo.structured", grpo.structured, not grpo.structured, "must be false with rollout.branching")
    by_branch = grpo.credit == "branch"
    yield Rule("grpo.credit", grpo.credit, bool(branching) or not by_branch, "needs rollout.branching, such as [2, 2, 2]")
    among = not by_branch or grpo.estimator in ("grpo", "dr_grpo", "rloo")
    siblings = "must be grpo, dr_grpo or rloo with credit branch, which compares siblings"
    yield Rule("grpo.estimator", grpo.estimator, among, siblings)


def _learner_rules(config: Config) -> Iterator[Rule]:
    learner = config.learner
    least = 3 if "parameters" in learner.offload else 1 if learner.offload else 0
    sharded = learner.zero_stage >= least
    yield Rule("learner.offload", learner.offload, sharded, "needs zero_stage 1 or more for the optimizer, 3 for parameters")


def _length_rules(config: Config) -> Iterator[Rule]:
    grpo, most = config.grpo, config.rollout.max_model_len
    yield Rule("grpo.task_max_tokens", grpo.task_max_tokens, "*" not in grpo.task_max_tokens, "says max_tokens where it says *")
    longest = max([grpo.max_tokens, *grpo.task_max_tokens.values(), *config.evaluation.max_tokens.values()])
    room = f"must be longer than the longest completion, {longest}, to leave room for prompts"
    yield Rule("rollout.max_model_len", most, most > longest, room)


def _sync_rules(rollout: RolloutConfig, learner_gpus: float, lora: LoraConfig | None) -> Iterator[Rule]:
    transfer, checksum = rollout.transfer, rollout.checksum
    if transfer == "broadcast":
        gpus = (rollout.gpus, learner_gpus)
        alike = gpus == (0, 0) or min(gpus) >= 1
        apart = "must be memory where learner and engine share a GPU, or only one has any"
        yield Rule("rollout.transfer", transfer, alike, apart)
        yield Rule("rollout.checksum", checksum, not checksum, "must be false with transfer: broadcast")
    if lora is not None and lora.sync == "adapter":
        small = "must be memory with model.lora.sync: adapter, which is small"
        yield Rule("rollout.transfer", transfer, transfer == "memory", small)
        yield Rule("rollout.checksum", checksum, not checksum, "must be false with model.lora.sync: adapter")
        eager = rollout.enforce_eager
        plain = eager or rollout.gpus > 0
        yield Rule("rollout.enforce_eager", eager, plain, "must be true with sync: adapter on CPUs, as vLLM's is")
        yield Rule("model.lora.rank", lora.rank, lora.rank <= 512, "must be at most 512 with sync: adapter, as vLLM's")


def _evaluation_rules(config: Config) -> Iterator[Rule]:
    evaluation, limits = config.evaluation, config.evaluation.max_tokens
    for key, rows in (("rows", evaluation.rows), ("val_rows", evaluation.val_rows)):
        asked = key == "rows" or bool(evaluation.every)
        yield Rule(f"evaluation.{key}", rows, bool(rows) or not asked, "must name tasks with 1 row or more each")
        covered = not asked or all(any(fnmatch(task, pattern) for pattern in limits) for task in rows)
        length = f"must have a length for every task of evaluation.{key}, or one for '*'"
        yield Rule("evaluation.max_tokens", limits, covered, length)
    key, reasoning = "evaluation.reasoning", evaluation.reasoning
    if reasoning is None:
        return
    taken = "must name rationale, which evaluation.reasoning takes"
    yield Rule("evaluation.rows", evaluation.rows, "rationale" in evaluation.rows, taken)
    varied = reasoning.temperature > 0 or reasoning.width == 1
    yield Rule(f"{key}.temperature", reasoning.temperature, varied, "must be above 0, or all candidates are the same")
    try:
        check_judge(reasoning.scorer, reasoning.endpoint, reasoning.model)
    except UserError as error:
        yield Rule(f"{key}.scorer", reasoning.scorer, False, str(error))
