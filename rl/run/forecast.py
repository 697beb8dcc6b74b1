"""What a run will do, and how long at most, told when it starts."""

from __future__ import annotations

from dataclasses import dataclass

from rl.config.completions import longest_completion
from rl.config.schema import Config, StageConfig
from rl.record.runs.progress import Progress
from rl.record.time_left import duration

AFTER_STEPS = 20
"""Supervised steps after which their pace is taken for that of the whole run."""


@dataclass(frozen=True)
class Pace:
    """What this machine does in a second."""

    drawn_tokens: float
    """Tokens that the engines draw, measured in the first evaluation."""
    sft_rows: float
    """Rows that the learner learns from, measured in the first supervised steps."""


def plan(config: Config, progress: Progress, rows: int) -> str:
    """What follows, in one sentence.

    Args:
        config: the run's configuration.
        progress: where the run stands.
        rows: how many rows each evaluation looks at.
    """
    stages = {name: stage for name, stage in config.curriculum.stages.items() if stage.length}
    grpo, sft_steps = config.grpo, sum(stage.length for stage in stages.values())
    said = []
    if stages and progress.phase == "tune":
        listed = ", ".join(f"{name} {stage.length}{_epochs(stage)}" for name, stage in stages.items())
        said.append(f"{_left(sft_steps, progress.step)} tuning steps ({listed})")
    done = progress.step if progress.phase == "grpo" else 0
    if grpo.steps:
        said.append(f"{_left(grpo.steps, done)} GRPO steps of {grpo.prompts} prompts x {grpo.group} samples")
    return f"what follows: {', '.join([*said, f'and a look at {rows} held-out rows after each phase'])}"


def _epochs(stage: StageConfig) -> str:
    return "" if stage.epochs is None else f" = {stage.epochs:g} epoch{'s' if stage.epochs != 1 else ''}"


def _left(total: int, done: int) -> str:
    return f"{total - done} of {total}" if done else f"{total}"


def forecast(config: Config, drawn_tokens: float, seconds_a_step: float) -> str:
    """How long the run will take at most, told after `AFTER_STEPS` tuning steps.

    Args:
        config: the run's configuration.
        drawn_tokens: tokens that the engines draw in a second, measured in the first evaluation.
        seconds_a_step: seconds of a supervised step.
    """
    batches = [stage.batch for stage in config.curriculum.stages.values() for _ in range(stage.length)]
    pace = Pace(drawn_tokens, sum(batches[:AFTER_STEPS]) / AFTER_STEPS / seconds_a_step)
    return f"at this pace the run ends within {duration(most_seconds(config, len(batches) - AFTER_STEPS, pace))}"


def most_seconds(config: Config, sft_steps_left: int, pace: Pace) -> float:
    """Seconds to the end of the run, if every completion is as long as it may be and samples share nothing.

    Args:
        config: the run's configuration.
        sft_steps_left: supervised steps that are still to be done.
        pace: as measured.
    """
    grpo, evaluation = config.grpo, config.evaluation
    batches = [stage.batch for stage in config.curriculum.stages.values() for _ in range(stage.length)]
    sft = sum(batches[len(batches) - sft_steps_left :]) / pace.sft_rows
    samples = grpo.prompts * grpo.group
    drawn = samples * max(grpo.max_tokens, *grpo.task_max_tokens.values(), 0)
    step = drawn / pace.drawn_tokens + grpo.epochs * samples / pace.sft_rows
    validations = grpo.steps // evaluation.every if evaluation.every else 0
    looks = 2 * evaluated_tokens(config, evaluation.rows) + validations * evaluated_tokens(config, evaluation.val_rows)
    return sft + grpo.steps * step + looks / pace.drawn_tokens


def evaluated_tokens(config: Config, rows: dict[str, int]) -> int:
    """Tokens that are drawn to look at so many rows of each task, at most."""
    return sum(count * longest_completion(config.evaluation.max_tokens, task) for task, count in rows.items())
