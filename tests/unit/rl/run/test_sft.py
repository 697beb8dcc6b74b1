"""Which rows each supervised step learns from, and at which rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rl.config.load import ConfigError, load_config
from rl.config.schema import StageConfig
from rl.record.runs.progress import Progress
from rl.run.forecast import plan
from rl.run.sft import SftStep, done_in_turn, epoch_rows, sft_steps, with_steps
from rollout.rows.data import RowData, open_rows
from rollout.rows.row import Row
from tests.unit.rollout.row_writing import ASK, write

STAGES = {
    "attribute": StageConfig(steps=3, batch=4, learning_rate=1.0, final_learning_rate=0.1, warmup=0.0, mix={"attribute_*": 1.0}),
    "emotion": StageConfig(steps=2, batch=2, learning_rate=0.5, final_learning_rate=0.5, warmup=0.0, mix={"emotion_single": 1.0}),
}

BY_ROW = [(486, 691, 114, 205), (640, 181, 512, 239), (617, 432, 515, 193), (380, 316), (252, 700)]
"""Rows of these stages with the seed 3."""


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


def few_rows(folder: Path, **counts: int) -> RowData:
    return open_rows(write(folder / "rows.jsonl", *({**ASK, "task": task} for task, n in counts.items() for _ in range(n))))


@pytest.mark.parametrize(
    ("mix", "expected"),
    [
        ({"identity": 1.0}, 30),
        ({"identity": 1.0, "pose": 1.0}, 50),  # all rows of the mix
        ({"identity": 3.0, "pose": 2.0}, 50),  # weighed as many as they are
        ({"identity|pose": 1.0}, 50),
        ({"identity|pose": 0.8, "text": 0.2}, 62.5),  # 50 of the heaviest, and a fifth of text, of which there is more
        ({"identity": 1.0, "text": 0.0}, 30),
    ],
)
def test_an_epoch_goes_once_through_the_heaviest_patterns(tmp_path: Path, mix: dict[str, float], expected: float) -> None:
    assert epoch_rows(few_rows(tmp_path, identity=30, pose=20, text=1000), mix) == pytest.approx(expected)


def test_a_stage_of_three_epochs_learns_from_every_row_three_times(tmp_path: Path) -> None:
    rows = few_rows(tmp_path, identity=30, pose=20, text=9)
    words = ['curriculum.stages={both: {epochs: 3, batch: 10, mix: {"identity|pose": 1}}}', "grpo.steps=0"]
    config = with_steps(load_config(Path("configs/quickstart.yaml"), words), rows)
    assert config.curriculum.stages["both"].steps == 15
    drawn = Counter(index for step in sft_steps(config.curriculum.stages, rows, seed=0) for index in step.rows)
    assert set(drawn.values()) == {3}
    assert len(drawn) == 50
    assert "15 tuning steps (both 15 = 3 epochs)" in plan(config, Progress(), 8)


def test_epochs_are_rounded_up_to_whole_steps_and_steps_stay_as_they_are(tmp_path: Path) -> None:
    rows = few_rows(tmp_path, identity=31)
    lengths = {"a": "epochs: 1, batch: 10", "b": "epochs: 0.1, batch: 1", "c": "steps: 7"}
    stages = ", ".join(f"{name}: {{{length}, mix: {{identity: 1}}}}" for name, length in lengths.items())
    config = with_steps(load_config(Path("configs/quickstart.yaml"), [f"curriculum.stages={{{stages}}}"]), rows)
    assert [stage.length for stage in config.curriculum.stages.values()] == [4, 4, 7]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["curriculum.stages.emotion.epochs=3"],
            "set curriculum.stages.emotion.epochs or curriculum.stages.emotion.steps to null",
        ),
        (["curriculum.stages.emotion.steps=null"], "say how long the stage is, by steps or by epochs"),
        (["curriculum.stages.emotion.steps=null", "curriculum.stages.emotion.epochs=0"], "must be above 0"),
    ],
)
def test_either_steps_or_epochs_say_how_long_a_stage_is(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(Path("configs/quickstart.yaml"), words)
    assert said in str(refused.value)


def test_the_paper_s_rate_ends_at_nothing() -> None:
    stages = load_config(Path("configs/videmo_7b.yaml"), ["data.sets={}", "data.faces={}"]).curriculum.stages
    assert [stage.final_learning_rate for stage in stages.values()] == [0.0] * 3


@pytest.mark.parametrize("together", [1, 5])
def test_by_clip_an_interrupted_run_goes_on_with_the_same_steps_too(rows: RowData, together: int) -> None:
    whole = list(sft_steps(STAGES, rows, seed=3, together=together))
    for done in range(6):
        assert list(sft_steps(STAGES, rows, seed=3, after=done, together=together)) == whole[done:]
    assert [(step.number, step.stage, len(step.rows)) for step in whole] == [
        (step.number, step.stage, len(step.rows)) for step in sft_steps(STAGES, rows, seed=3)
    ]


def test_by_clip_a_step_is_about_few_clips(rows: RowData) -> None:
    stages = {"attribute": StageConfig(steps=40, batch=24, learning_rate=1.0, mix={"attribute_*": 1.0})}
    clips = rows.column("shows")
    seen = {
        together: [len(set(clips[list(step.rows)])) for step in sft_steps(stages, rows, seed=0, together=together)]
        for together in (None, 6)
    }
    assert max(seen[6]) <= 9 < min(seen[None])


def test_by_clip_three_epochs_are_every_row_three_times_too(tmp_path: Path) -> None:
    rows = few_rows(tmp_path, identity=30, pose=20, text=9)
    words = ['curriculum.stages={both: {epochs: 3, batch: 10, mix: {"identity|pose": 1}}}', "grpo.steps=0", "batch.by=clip"]
    config = with_steps(load_config(Path("configs/quickstart.yaml"), words), rows)
    steps = sft_steps(config.curriculum.stages, rows, seed=0, together=config.batch.rows_together)
    drawn = Counter(index for step in steps for index in step.rows)
    assert set(drawn.values()) == {3}
    assert len(drawn) == 50


def test_row_by_row_the_steps_are_what_they_always_were(rows: RowData) -> None:
    """Runs that were begun before have to go on with them."""
    assert [step.rows for step in sft_steps(STAGES, rows, seed=3)] == BY_ROW
    assert load_config(Path("configs/quickstart.yaml"), []).batch.rows_together is None


class Learners:
    """Notes what it is asked, and what is waited for."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin_sft(self, rows: Sequence[Row], rate: float, upcoming: Sequence[Row]) -> Callable[[], dict[str, float]]:
        name = f"{rows[0].index}"
        self.told.append(f"ask {name}" + (f", then {upcoming[0].index}" if upcoming else ""))

        def wait() -> dict[str, float]:
            self.told.append(f"wait {name}")
            return {"loss": float(rows[0].index)}

        return wait


def test_the_next_step_is_asked_for_before_one_is_handed_over_unless_it_has_to_pause(rows: RowData) -> None:
    learners: Any = Learners()
    steps = [SftStep(number, "attribute", (number,), 1.0) for number in range(1, 6)]
    for step, stats in done_in_turn(steps, learners, rows, pause_after=lambda number: number == 3):
        assert stats == {"loss": float(step.number)}
        learners.told.append(f"done {step.number}")
    assert learners.told == [
        "ask 1, then 2",
        "ask 2, then 3",
        "wait 1",
        "done 1",
        "ask 3, then 4",
        "wait 2",
        "done 2",
        "wait 3",
        "done 3",
        "ask 4, then 5",
        "ask 5",
        "wait 4",
        "done 4",
        "wait 5",
        "done 5",
    ]
