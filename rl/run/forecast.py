"""What a run will do, and how long at most, told when it starts."""

from __future__ import annotations

from dataclasses import dataclass

from rl.config.schema import Config
from rl.record.progress import Progress
from rl.record.time_left import duration
from rl.run.specs import longest_completion

AFTER_STEPS = 20
"""Of tuning, which are then taken for the pace of all."""


@dataclass(frozen=True)
class Pace:
    """What this machine does in a second."""

    drawn_tokens: float
    """By the engines, as measured in the first evaluation."""
    tuned_rows: float
    """By the learner, as measured in the first tuning steps."""


def plan(config: Config, progress: Progress, rows: int) -> str:
    """What follows, in one sentence.

    Args:
        config: of the run.
        progress: where it stands.
        rows: how many are looked at in each evaluation.
    """
    stages = {name: stage.steps for name, stage in config.curriculum.stages.items() if stage.steps}
    grpo, tuning = config.grpo, sum(stages.values())
    said = []
    if stages and progress.phase == "tune":
        listed = ", ".join(f"{name} {steps}" for name, steps in stages.items())
        said.append(f"{_left(tuning, progress.step)} tuning steps ({listed})")
    done = progress.step if progress.phase == "grpo" else 0
    if grpo.steps:
        said.append(f"{_left(grpo.steps, done)} GRPO steps of {grpo.prompts} prompts x {grpo.group} samples")
    return f"what follows: {', '.join([*said, f'and a look at {rows} held-out rows after each phase'])}"


def _left(total: int, done: int) -> str:
    return f"{total - done} of {total}" if done else f"{total}"


def forecast(config: Config, drawn_tokens: float, seconds_a_step: float) -> str:
    """How long the run will take at most, told after `AFTER_STEPS` tuning steps.

    Args:
        config: of the run.
        drawn_tokens: by the engines in a second, in the first evaluation.
        seconds_a_step: of tuning.
    """
    batches = [stage.batch for stage in config.curriculum.stages.values() for _ in range(stage.steps)]
    pace = Pace(drawn_tokens, sum(batches[:AFTER_STEPS]) / AFTER_STEPS / seconds_a_step)
    return f"at this pace the run ends within {duration(most_seconds(config, len(batches) - AFTER_STEPS, pace))}"


def most_seconds(config: Config, tuning_left: int, pace: Pace) -> float:
    """Until the end of the run, if every completion is as long as it may be and nothing is shared between samples.

    Args:
        config: of the run.
        tuning_left: tuning steps that are still to be done.
        pace: as measured.
    """
    grpo, evaluation = config.grpo, config.evaluation
    batches = [stage.batch for stage in config.curriculum.stages.values() for _ in range(stage.steps)]
    tuning = sum(batches[len(batches) - tuning_left :]) / pace.tuned_rows
    samples = grpo.prompts * grpo.group
    drawn = samples * max(grpo.max_tokens, *grpo.task_max_tokens.values(), 0)
    step = drawn / pace.drawn_tokens + grpo.epochs * samples / pace.tuned_rows
    validations = grpo.steps // evaluation.every if evaluation.every else 0
    looks = 2 * evaluated_tokens(config, evaluation.rows) + validations * evaluated_tokens(config, evaluation.val_rows)
    return tuning + grpo.steps * step + looks / pace.drawn_tokens


def evaluated_tokens(config: Config, rows: dict[str, int]) -> int:
    """Tokens that are drawn to look at so many rows of each task, at most."""
    return sum(count * longest_completion(config.evaluation.max_tokens, task) for task, count in rows.items())
