"""Tasks that a run asks for, and rows that no scorer could pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rl.config.schema import Config, EvaluationConfig, GrpoConfig, RewardConfig, ScorerConfig
from rl.run.task_check import TaskError, check_tasks
from rollout.rows.data import open_rows
from tests.unit.rewards.rationales import GOOD
from tests.unit.rollout.row_writing import write

TREE = {"task": "rationale", "tree": GOOD}
ANSWERED = {"task": "rationale", "answer": "angry"}
QUESTION = {"task": "qa", "answer": "yes"}
UNANSWERED = {"task": "qa", "solution": "yes"}


def ask(columns: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "?"}], **columns}


def told(folder: Path, scorers: dict[str, ScorerConfig], *rows: dict[str, Any], **evaluation: Any) -> list[str]:
    """What is said of a run whose splits all have these rows, and whose GRPO draws from all of them."""
    split = open_rows(write(folder / "rows.jsonl", *map(ask, rows)))
    config = Config(
        grpo=GrpoConfig(mix={"*": 1.0}),
        rewards=RewardConfig(scorers=scorers),
        evaluation=EvaluationConfig(rows={rows[0]["task"]: 1}, **evaluation),
    )
    return check_tasks(config, split, split, split)


def test_rows_that_can_be_paid_are_drawn_without_a_word(tmp_path: Path) -> None:
    scorers = {"leaf": ScorerConfig(tasks=["rationale"]), "qa": ScorerConfig()}
    assert told(tmp_path, scorers, TREE, QUESTION) == []
    assert told(tmp_path, scorers, TREE, {"task": "rationale"}, QUESTION, UNANSWERED) == []  # some rows of each task


def test_a_task_that_no_scorer_counts_for_is_refused_with_its_rows(tmp_path: Path) -> None:
    said = (
        r"grpo\.mix draws from 2 rows of task 'qa', which no scorer with a weight above 0 judges; set rewards\.scorers\.\*\.tasks"
    )
    with pytest.raises(TaskError, match=said + "; they now have rationale"):
        told(tmp_path, {"leaf": ScorerConfig(tasks=["rationale"])}, TREE, QUESTION, QUESTION)
    observed = {"leaf": ScorerConfig(tasks=["rationale"]), "probe": ScorerConfig("qa", weight=0.0)}
    with pytest.raises(TaskError, match=said + "; probe only observe, with weight 0; they now have rationale"):
        told(tmp_path, observed, TREE, QUESTION, QUESTION)


def test_a_task_of_which_no_row_has_gold_is_refused(tmp_path: Path) -> None:
    trees = {"leaf": ScorerConfig(), "tree_edit": ScorerConfig()}
    said = (
        r"grpo\.mix draws from 2 rows of task 'rationale', but none has gold for leaf, tree_edit; give them a `tree` or an "
        r"`answer` \(data\.format\), or choose other rewards\.scorers"
    )
    with pytest.raises(TaskError, match=said):
        told(tmp_path, trees, {"task": "rationale"}, {"task": "rationale"})
    with pytest.raises(TaskError, match="none has gold for leaf;"):  # the tree of an emotion alone has no leaves
        told(tmp_path, {"leaf": ScorerConfig()}, ANSWERED)
    assert told(tmp_path, {"root": ScorerConfig()}, ANSWERED) == []


def test_what_only_scorers_without_gold_pay_is_told(tmp_path: Path) -> None:
    (line,) = told(tmp_path, {"qa": ScorerConfig(), "format": ScorerConfig()}, UNANSWERED)
    assert line == (
        "grpo.mix draws from 1 rows of task 'qa', but none has gold for qa: only format reward them; see their columns `tree` "
        "and `answer`, or data.format"
    )
    own = {"qa": ScorerConfig(), "mine": ScorerConfig("mine.py:score")}  # of which nothing is known
    assert len(told(tmp_path, own, UNANSWERED)) == 1
    assert told(tmp_path, {"mine": ScorerConfig("mine.py:score")}, UNANSWERED) == []


def test_rows_that_validation_draws_are_looked_at_where_it_is_asked_for(tmp_path: Path) -> None:
    scorers = {"leaf": ScorerConfig(tasks=["rationale"])}
    config = Config(
        grpo=GrpoConfig(mix={"rationale": 1.0}),
        rewards=RewardConfig(scorers=scorers),
        evaluation=EvaluationConfig(every=2, rows={"rationale": 1}, val_rows={"rationale": 1, "qa": 5}),
    )
    split = open_rows(write(tmp_path / "rows.jsonl", *map(ask, (TREE, QUESTION, QUESTION))))
    with pytest.raises(TaskError, match=r"evaluation\.val_rows draws 2 rows of task 'qa', which no scorer"):
        check_tasks(config, split, split, split)
    config.evaluation.every = 0
    assert check_tasks(config, split, split, split) == []
