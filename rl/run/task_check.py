"""Do mixes, evaluation and scorers ask for tasks that the rows have, and can these rows be paid?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

import numpy as np

from rewards.errors import UserError, did_you_mean, nearest_or_all
from rewards.mix import MixEntry
from rewards.plugins.spec import ScorerSpec, is_shipped
from rewards.sample import RewardSample
from rewards.scorers.gold import has_gold
from rl.config.schema import Config, scorer_entries
from rollout.rows.data import RowData
from rollout.rows.mixing import check_mix, mixed_rows, spread
from rollout.samples import gold_sample

_LOOKED_AT = 1000
"""Rows of a task that are looked at where it is but a warning that hangs on them."""


class TaskError(UserError):
    """A task that a config asks for and the rows do not have, or that no scorer could pay."""


def check_tasks(config: Config, train: RowData, val: RowData, test: RowData) -> list[str]:
    """Refuse what would find no row, and rows that no scorer could pay.

    Returns:
        One line for each task that is only paid by scorers that need no gold, though others would.

    Raises:
        RowError: for a mix that asks for what is not there.
        TaskError: for an evaluation that does, and for a task that GRPO or its validation draws and no scorer could pay.
    """
    for name, stage in config.curriculum.stages.items():
        if stage.steps != 0:
            check_mix(train, stage.mix, f"curriculum.stages.{name}.mix")
    entries = scorer_entries(config)
    told: list[str] = []
    if config.grpo.steps:
        check_mix(train, config.grpo.mix, "grpo.mix")
        told += _check_scorers("grpo.mix draws from", entries, train, mixed_rows(train, config.grpo.mix))
    evaluation = config.evaluation
    _check_evaluated("evaluation.rows", evaluation.rows, test)
    if evaluation.every and config.grpo.steps:
        _check_evaluated("evaluation.val_rows", evaluation.val_rows, val)
        drawn = {task: spread(val.of_task(task), count) for task, count in evaluation.val_rows.items()}
        told += _check_scorers("evaluation.val_rows draws", entries, val, drawn)
    return told


def unused_patterns(config: Config, *splits: RowData) -> Iterator[str]:
    """One line for each pattern of a scorer that fits no task, though one is called almost so."""
    tasks = sorted({task for split in splits for task in split.task_counts()})
    for name, scorer in config.rewards.scorers.items():
        for pattern in scorer.tasks:
            near = did_you_mean(pattern, tasks)
            if near and not any(fnmatch(task, pattern) for task in tasks):
                yield f"rewards.scorers.{name}.tasks asks for {pattern!r}, which no row's task fits{near}"


def _check_scorers(
    drawing: str, entries: Sequence[MixEntry], rows: RowData, drawn: Mapping[str, Sequence[int] | np.ndarray]
) -> Iterator[str]:
    """One line for each task whose rows have no gold for the scorers that compare with it, while others pay them.

    Raises:
        TaskError: for the first task that no scorer counts for, or whose rows all scorers would abstain on.
    """
    for task, indices in drawn.items():
        what = f"{drawing} {len(indices)} rows of task {task!r}"
        judges = [entry for entry in entries if entry.counts_for(task)]
        if not judges:
            patterns = sorted({pattern for entry in entries if entry.weight > 0 for pattern in entry.tasks})
            observers = ", ".join(entry.scorer.name for entry in entries if not entry.weight and entry.applies_to(task))
            hint = f"; {observers} only observe, with weight 0" if observers else ""
            hint += nearest_or_all(task, patterns, "they now have")
            raise TaskError(f"{what}, which no scorer with a weight above 0 judges; set rewards.scorers.*.tasks{hint}")
        comparing = [entry.scorer for entry in judges if _compares(entry, task)]
        others = [entry.scorer.name for entry in judges if entry.scorer not in comparing]
        looked_at = spread(indices, _LOOKED_AT) if others else indices
        if not comparing or _any_gold(rows, looked_at, comparing):
            continue
        lacking = f"{what}, but none has gold for {', '.join(scorer.name for scorer in comparing)}"
        if not others:
            raise TaskError(f"{lacking}; give them a `tree` or an `answer` (data.format), or choose other rewards.scorers")
        yield f"{lacking}: only {', '.join(others)} reward them; see their columns `tree` and `answer`, or data.format"


def _compares(entry: MixEntry, task: str) -> bool:
    """Whether a scorer is known to abstain without gold: of those that do not ship nothing is known."""
    target = entry.scorer.target
    return is_shipped(target) and not has_gold(target, RewardSample("", task))


def _any_gold(rows: RowData, indices: Sequence[int] | np.ndarray, comparing: Sequence[ScorerSpec]) -> bool:
    """Whether one of these rows has gold for one of these scorers."""
    samples = (gold_sample(rows[index]) for index in indices)
    return any(has_gold(scorer.target, sample) for sample in samples for scorer in comparing)


def _check_evaluated(key: str, counts: dict[str, int], rows: RowData) -> None:
    tasks = sorted(rows.task_counts())
    missing = [task for task in counts if task not in tasks]
    for task in missing:
        hint = nearest_or_all(task, tasks, "tasks are")
        raise TaskError(f"{key} asks for {task!r}, but no row of {rows.path} has that task{hint}")
