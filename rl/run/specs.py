"""What the actors of a run are told at their start, from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

from actors.engine.setup import EngineSpec
from actors.judge.engine import JudgeSpec
from rewards.plugins.spec import FunctionSpec, with_function_source
from rl.config.schema import Config, EvaluationConfig, JudgeConfig
from rl.learner.spec import LearnerSpec
from rollout.media import ClipSpec
from rollout.rows import RowData
from rollout.samples import SamplingSpec


def clip_spec(config: Config) -> ClipSpec:
    """How engines and learners decode media."""
    return ClipSpec(config.data.fps, config.data.max_frames, config.data.max_pixels)


def clip_bytes(config: Config) -> int:
    """Bytes of decoded media that each engine and learner rank keeps."""
    return int(config.data.clip_cache_gib * 2**30)


def learner_spec(config: Config, checkpoint: str, train_rows: RowData) -> LearnerSpec:
    """What each learner rank is told, to begin with the model at `checkpoint`."""
    return LearnerSpec(
        checkpoint=checkpoint,
        model=config.model,
        learner=config.learner,
        grpo=config.grpo,
        loss=with_function_source("policy loss", FunctionSpec(config.grpo.loss, config.grpo.loss_parameters)),
        rows=str(train_rows.path.resolve()),
        row_format=train_rows.format.spec,
        media_root=str(train_rows.media_root),
        clip=clip_spec(config),
        clip_cache_bytes=clip_bytes(config),
        engine_dtype=config.rollout.dtype or config.model.dtype,
        seed=config.seed,
    )


def engine_spec(config: Config, checkpoint: str, media_per_prompt: dict[str, int]) -> EngineSpec:
    """What each engine is told, to begin with the model at `checkpoint`."""
    return EngineSpec(checkpoint, config.model, config.rollout, clip_spec(config), clip_bytes(config), media_per_prompt)


def judge_spec(config: Config, judge: JudgeConfig, media_per_prompt: dict[str, int]) -> JudgeSpec:
    """What each engine of the judge is told."""
    eager = config.rollout.enforce_eager
    return JudgeSpec(judge, clip_spec(config), clip_bytes(config), media_per_prompt, eager)


def grpo_sampling(config: Config, task: str) -> SamplingSpec:
    """How the samples of a group are drawn, for a prompt of this task."""
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
    """How the one completion of an evaluated row is drawn, for a row of this task."""
    longest = longest_completion(settings.max_tokens, task)
    return SamplingSpec(1, longest, temperature=0.0, structured=settings.structured)


def longest_completion(limits: Mapping[str, int], task: str) -> int:
    """The most tokens for a task: its own limit, or that of the first pattern that fits it, `*` last."""
    patterns = sorted(limits, key=lambda pattern: pattern == "*")  # which the defaults bring along, first
    return limits[task] if task in limits else next(limits[pattern] for pattern in patterns if fnmatch(task, pattern))
