"""Learning rates, as the settings say them."""

from __future__ import annotations

from rl.algo.schedules import cosine, restarting_cosine
from rl.config.schema import GrpoConfig, StageConfig


def learning_rate(grpo: GrpoConfig, step: int) -> float:
    """The learning rate of a GRPO step, which counts from 1."""
    end, warmup = grpo.final_learning_rate, grpo.warmup
    return restarting_cosine(step - 1, grpo.steps, grpo.restarts, grpo.learning_rate, end, warmup)


def stage_learning_rate(stage: StageConfig, step: int) -> float:
    """The learning rate of a step of a stage, which counts from 1."""
    return cosine(step - 1, stage.length, stage.learning_rate, stage.final_learning_rate, stage.warmup)
