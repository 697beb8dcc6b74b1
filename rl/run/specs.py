"""What the actors of a run are told at their start, from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

from actors.engine.setup import EngineSpec
from rl.algo.objective import GrpoSpec
from rl.config.schema import Config, EvaluationConfig
from rl.learner.spec import DeepSpeedSpec, LearnerSpec, LoraSpec
from rollout.media import ClipSpec
from rollout.rows import RowData
from rollout.samples import SamplingSpec


def clip_spec(config: Config) -> ClipSpec:
    return ClipSpec(config.data.fps, config.data.max_frames, config.data.max_pixels)


def clip_bytes(config: Config) -> int:
    return int(config.data.clip_cache_gib * 2**30)


def learner_spec(config: Config, model: str, train_rows: RowData) -> LearnerSpec:
    grpo, learner = config.grpo, config.learner
    return LearnerSpec(
        model=model,
        dtype=config.model.dtype,
        engine_dtype=config.rollout.dtype or config.model.dtype,
        rows=str(train_rows.path.resolve()),
        media_root=str(train_rows.media_root),
        clip=clip_spec(config),
        clip_cache_bytes=clip_bytes(config),
        token_budget=learner.token_budget,
        temperature=grpo.temperature,
        grpo=GrpoSpec(
            clip_low=grpo.clip_low,
            clip_high=grpo.clip_high,
            kl=grpo.kl,
            kl_estimator=grpo.kl_estimator,
            token_level=grpo.token_level_loss,
            loss=grpo.loss,
            dual_clip=grpo.dual_clip,
            kl_in=grpo.kl_in,
            correction=grpo.correction,
            correction_low=grpo.correction_low,
            correction_high=grpo.correction_high,
            epochs=grpo.epochs,
        ),
        deepspeed=DeepSpeedSpec(
            zero_stage=learner.zero_stage,
            offload=tuple(learner.offload),
            bf16=config.model.dtype == "bfloat16",
            gradient_clip=learner.gradient_clip,
            weight_decay=learner.weight_decay,
            beta2=learner.beta2,
        ),
        threads=learner.threads,
        share_prefixes=learner.share_prefixes,
        seed=config.seed,
        freeze=tuple(config.model.freeze),
        lora=lora_spec(config),
        gradient_checkpointing=learner.gradient_checkpointing,
        trust_remote_code=config.model.trust_remote_code,
    )


def lora_spec(config: Config) -> LoraSpec | None:
    lora = config.model.lora
    if lora is None:
        return None
    return LoraSpec(lora.rank, lora.alpha, tuple(lora.modules), alone=adapter_alone(config))


def adapter_alone(config: Config) -> bool:
    """Engines are sent the adapters, not weights that they are merged into."""
    return config.model.lora is not None and config.model.lora.sync == "adapter"


def engine_spec(config: Config, model: str, media_per_prompt: dict[str, int]) -> EngineSpec:
    rollout = config.rollout
    return EngineSpec(
        model=model,
        dtype=rollout.dtype or config.model.dtype,
        max_model_len=rollout.max_model_len,
        max_sequences=rollout.max_sequences,
        gpu_memory=rollout.gpu_memory,
        tensor_parallel=rollout.tensor_parallel,
        enforce_eager=rollout.enforce_eager,
        clip=clip_spec(config),
        clip_cache_bytes=clip_bytes(config),
        media_per_prompt=media_per_prompt,
        in_flight=rollout.in_flight,
        lora=lora_spec(config) if adapter_alone(config) else None,
        trust_remote_code=config.model.trust_remote_code,
    )


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
