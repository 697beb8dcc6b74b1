"""Which rows each supervised step learns from, and at which rate."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.schema import StageConfig
from rl.run.sft import sft_steps
from rollout.rows import RowData, open_rows

STAGES = {
    "attribute": StageConfig(steps=3, batch=4, learning_rate=1.0, final_learning_rate=0.1, warmup=0.0, mix={"attribute_*": 1.0}),
    "emotion": StageConfig(steps=2, batch=2, learning_rate=0.5, final_learning_rate=0.5, warmup=0.0, mix={"emotion_single": 1.0}),
}


@pytest.fixture(scope="module")
def rows(faces: Path) -> RowData:
    return open_rows(faces / "train.jsonl")


def test_stages_come_one_after_the_other_with_their_own_rows_and_rates(rows: RowData) -> None:
    steps = list(sft_steps(STAGES, rows, seed=0))
    assert [(step.number, step.stage, len(step.rows)) for step in steps] == [
        (1, "attribute", 4),
        (2, "attribute", 4),
        (3, "attribute", 4),
        (4, "emotion", 2),
        (5, "emotion", 2),
    ]
    tasks = [{rows[index].task for index in step.rows} for step in steps]
    assert all(task.startswith("attribute_") for of_step in tasks[:3] for task in of_step)
    assert tasks[3:] == [{"emotion_single"}] * 2
    assert [step.learning_rate for step in steps[3:]] == [0.5, 0.5]
    assert [step.learning_rate for step in steps[:3]] == pytest.approx([1.0, 1.0, 0.55])  # the cosine begins after the first


def test_an_interrupted_run_goes_on_with_the_same_steps(rows: RowData) -> None:
    whole = list(sft_steps(STAGES, rows, seed=3))
    for done in range(6):
        assert list(sft_steps(STAGES, rows, seed=3, after=done)) == whole[done:]
    assert [step.rows for step in sft_steps(STAGES, rows, seed=4)] != [step.rows for step in whole]
