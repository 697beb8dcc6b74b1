"""Do mixes, evaluation and scorers ask for tasks that the rows have?"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from rewards.errors import UserError, did_you_mean, nearest_or_all
from rl.config.schema import Config
from rollout.mixing import check_mix, mixed_tasks
from rollout.rows import RowData


class TaskError(UserError):
    """A task that a config asks for and the rows do not have, or that no scorer is for."""


def check_tasks(config: Config, train: RowData, val: RowData, test: RowData) -> None:
    """Refuse what would find no row, or rows that no scorer judges.

    Raises:
        RowError: for a mix that asks for what is not there.
        TaskError: for an evaluation that does, and for a task of GRPO's without a scorer.
    """
    for name, stage in config.curriculum.stages.items():
        if stage.steps:
            check_mix(train, stage.mix, f"curriculum.stages.{name}.mix")
    if config.grpo.steps:
        check_mix(train, config.grpo.mix, "grpo.mix")
        _check_scorers(config, mixed_tasks(train, config.grpo.mix))
    evaluation = config.evaluation
    _check_evaluated("evaluation.rows", evaluation.rows, test)
    if evaluation.every and config.grpo.steps:
        _check_evaluated("evaluation.val_rows", evaluation.val_rows, val)


def unused_patterns(config: Config, *splits: RowData) -> Iterator[str]:
    """One line for each pattern of a scorer that fits no task, though one is called almost so."""
    tasks = sorted({task for split in splits for task in split.tasks()})
    for name, scorer in config.rewards.scorers.items():
        for pattern in scorer.tasks:
            near = did_you_mean(pattern, tasks)
            if near and not any(fnmatch(task, pattern) for task in tasks):
                yield f"rewards.scorers.{name}.tasks asks for {pattern!r}, which no row's task fits{near}"


def _check_scorers(config: Config, tasks: list[str]) -> None:
    scorers = config.rewards.scorers.values()
    judged = [pattern for scorer in scorers if scorer.weight > 0 for pattern in scorer.tasks]
    for task in tasks:
        if not any(fnmatch(task, pattern) for pattern in judged):
            patterns = sorted({*judged})
            raise TaskError(
                f"grpo.mix draws rows of task {task!r}, which no scorer with a weight above 0 judges; set "
                f"rewards.scorers.*.tasks{nearest_or_all(task, patterns, 'they now have')}"
            )


def _check_evaluated(key: str, counts: dict[str, int], rows: RowData) -> None:
    tasks = sorted(set(rows.tasks()))
    missing = [task for task in counts if task not in tasks]
    for task in missing:
        hint = nearest_or_all(task, tasks, "tasks are")
        raise TaskError(f"{key} asks for {task!r}, but no row of {rows.path} has that task{hint}")
