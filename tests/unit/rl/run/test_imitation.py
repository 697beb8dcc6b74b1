"""Rows that are tuned on have an assistant turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.schema import Config, StageConfig
from rl.run.imitation import imitable
from rollout.rows.data import RowData, open_rows
from rollout.rows.row import RowError
from tests.unit.rollout.row_writing import write


def question(task: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": "Which?"}], "answer": "b", "task": task}


def answered(task: str) -> dict[str, object]:
    turns = [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "b"}]
    return {"messages": turns, "task": task}


@pytest.fixture
def train(tmp_path: Path) -> RowData:
    return open_rows(write(tmp_path / "rows.jsonl", answered("a"), question("a"), question("b"), answered("c"), question("c")))


def config_of(**mix: float) -> Config:
    config = Config()
    config.curriculum.stages = {"one": StageConfig(steps=1, mix=mix), "none": StageConfig(steps=0, mix={"b": 1})}
    return config


def test_rows_without_a_turn_are_refused_with_the_first_one(train: RowData) -> None:
    with pytest.raises(RowError, match=r"rows.jsonl, row 2, key `messages`: no assistant turn.*\(2 rows have none\); end"):
        imitable(config_of(a=1, c=1), train)


def test_rows_without_a_turn_are_left_out_where_bad_rows_are(train: RowData) -> None:
    config = config_of(a=1, c=1)
    config.data.bad_rows = "skip"
    kept = imitable(config, train)
    assert [row.task for row in kept] == ["a", "b", "c"]
    assert [row.reference for row in kept] == ["b", None, "b"]


def test_rows_that_no_stage_tunes_on_need_none(train: RowData) -> None:
    train = train.only([0, 2, 3])
    assert imitable(config_of(a=1, c=1, b=0), train) is train
