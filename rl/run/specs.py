"""What the actors of a run are told at their start, from its configuration."""

from __future__ import annotations

import uuid

from actors.engine.setup import EngineSpec
from actors.judge.engine import JudgeSpec
from rewards.plugins.spec import FunctionSpec, with_function_source
from rl.config.clips import clip_spec
from rl.config.completions import longest_completion
from rl.config.schema import Config, EvaluationConfig, JudgeConfig
from rl.learner.spec import LearnerSpec
from rollout.samples import SamplingSpec
from rollout.seeds import derived

SHARED_CLIPS = uuid.uuid4().hex[:12]
"""Name under which what this process starts shares decoded media, on each node."""


def clip_bytes(config: Config) -> int:
    """Bytes of decoded media that the engines and learner ranks of a node keep."""
    return int(config.data.clip_cache_gib * 2**30)


def learner_spec(config: Config, checkpoint: str) -> LearnerSpec:
    """What each learner rank is told, to begin with the model at `checkpoint`."""
    return LearnerSpec(
        checkpoint=checkpoint,
        model=config.model,
        learner=config.learner,
        grpo=config.grpo,
        loss=with_function_source("policy loss", FunctionSpec(config.grpo.loss, config.grpo.loss_parameters)),
        clip=clip_spec(config.data),
        clip_cache_bytes=clip_bytes(config),
        shared_clips=SHARED_CLIPS,
        engine_dtype=config.rollout.dtype or config.model.dtype,
        seed=config.seed,
        determinism=config.determinism,
    )


def engine_spec(config: Config, checkpoint: str, media_per_prompt: dict[str, int]) -> EngineSpec:
    """What each engine is told, to begin with the model at `checkpoint`."""
    return EngineSpec(
        checkpoint=checkpoint,
        model=config.model,
        rollout=config.rollout,
        clip=clip_spec(config.data),
        clip_cache_bytes=clip_bytes(config),
        shared_clips=SHARED_CLIPS,
        media_per_prompt=media_per_prompt,
        seed=config.seed,
        determinism=config.determinism,
    )


def judge_spec(config: Config, judge: JudgeConfig, media_per_prompt: dict[str, int]) -> JudgeSpec:
    """What each engine of the judge is told."""
    eager = config.rollout.enforce_eager
    return JudgeSpec(judge, clip_spec(config.data), clip_bytes(config), SHARED_CLIPS, media_per_prompt, eager)


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
        seed=derived(config.seed, "rollouts") if config.determinism else None,
        structured=grpo.structured,
    )


def greedy_sampling(settings: EvaluationConfig, task: str) -> SamplingSpec:
    """How the one completion of an evaluated row is drawn, for a row of this task."""
    longest = longest_completion(settings.max_tokens, task)
    return SamplingSpec(1, longest, temperature=0.0, structured=settings.structured)
