"""How long the prompts of the rows may be that a run tunes on and asks its engines about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rl.config.schema import Config
from rl.run.specs import greedy_sampling, grpo_sampling
from rollout.lengths import Bounds
from rollout.rows.data import RowData
from rollout.rows.mixing import evaluated_rows, mixed_rows


@dataclass(frozen=True)
class Use:
    """Rows that are used alike."""

    indices: np.ndarray
    """Of the split, int (N,)."""
    limit: int
    """Tokens that a row may have."""
    because: str
    """What sets the limit."""
    comfort: np.ndarray
    """Tokens up to which nothing is said, int (N,)."""
    discomfort: str
    """What is said of rows with more."""
    reply: bool
    """Whether the assistant turn is counted too."""


def uses_of(config: Config, split: str, rows: RowData, bounds: Bounds) -> Iterator[Use]:
    """What a run does with rows of a split.

    Args:
        config: the run's.
        split: `train`, `val` or `test`.
        rows: of the split.
        bounds: of the run's model.
    """
    evaluation, trained = config.evaluation, config.grpo.steps > 0
    if split == "train":
        patterns = {
            key: 1.0 for stage in config.curriculum.stages.values() if stage.steps != 0 for key, by in stage.mix.items() if by
        }
        tuned = np.sort(np.concatenate([np.empty(0, np.int32), *mixed_rows(rows, patterns).values()]))
        budget = config.learner.token_budget
        heavy = f"tuning rows have more tokens than learner.token_budget = {budget}, and take a forward pass of their own"
        known = "positions the model was trained for"
        yield Use(tuned, bounds.positions, known, np.full(len(tuned), budget), heavy, reply=True)
        mixed = mixed_rows(rows, config.grpo.mix) if trained else {}
        yield _asked(config, mixed, bounds, lambda task: grpo_sampling(config, task).max_tokens)
        return
    counts = evaluation.rows if split == "test" else evaluation.val_rows if trained and evaluation.every else {}
    chosen = np.array(evaluated_rows(counts, rows), dtype=np.int32)
    tasks = rows.tasks()[chosen]
    by_task = {task: chosen[tasks == task] for task in dict.fromkeys(tasks)}
    yield _asked(config, by_task, bounds, lambda task: greedy_sampling(evaluation, task).max_tokens)
    if split == "val":  # the prompt that each sync is checked on
        yield _asked(
            config, {"rationale": rows.indices_by_task().get("rationale", np.arange(len(rows)))[:1]}, bounds, lambda _: 1
        )


def _asked(config: Config, by_task: dict[str, np.ndarray], bounds: Bounds, longest: Callable[[str], int]) -> Use:
    """Rows that engines are asked about, by task; `longest` is the longest completion of a task."""
    most = min(config.rollout.max_model_len, bounds.positions)
    room = [np.full(len(indices), most - longest(task)) for task, indices in by_task.items()]
    none = np.empty(0, np.int32)
    because = "tokens a prompt may have, so that a completion fits into "
    because += f"rollout.max_model_len = {most}" if most == config.rollout.max_model_len else f"the model's {most} positions"
    short = f"prompts leave less room than their tasks' longest completions, of rollout.max_model_len = {most} tokens"
    return Use(np.concatenate([none, *by_task.values()]), most - 1, because, np.concatenate([none, *room]), short, reply=False)
