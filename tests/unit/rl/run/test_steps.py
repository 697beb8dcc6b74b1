"""The pure parts of asking and rolling out."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from rl.config.load import load_config
from rl.config.schema import GrpoConfig
from rl.run.sft import sft_steps
from rl.run.steps import prompt_batches
from rollout.rows.data import open_rows

BY_ROW = [[127, 159, 482], [194, 18, 351], [584, 708, 624]]


def test_a_resumed_run_asks_what_it_would_have_asked(faces: Path) -> None:
    rows, config = open_rows(faces / "train.jsonl"), GrpoConfig(prompts=3, mix={"rationale": 1.0})
    whole = list(islice(prompt_batches(rows, config, seed=1, done=0), 6))
    assert list(islice(prompt_batches(rows, config, seed=1, done=4), 2)) == whole[4:]
    assert {rows[index].task for batch in whole for index in batch} == {"rationale"}


def test_rows_come_in_the_same_order_with_any_number_of_ranks(faces: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    orders = []
    for ranks in (1, 2):
        config = load_config(Path("configs/quickstart.yaml"), [f"learner.ranks={ranks}"])
        asked = list(islice(prompt_batches(rows, config.grpo, config.seed, done=0), 8))
        tuned = [step.rows for step in islice(sft_steps(config.curriculum.stages, rows, config.seed), 8)]
        resumed = list(islice(prompt_batches(rows, config.grpo, config.seed, done=5), 3))
        orders.append((asked, tuned))
        assert resumed == asked[5:]
    assert orders[0] == orders[1]


def test_prompts_by_clip_go_on_too_and_are_about_few_clips(faces: Path) -> None:
    rows, config = open_rows(faces / "train.jsonl"), GrpoConfig(prompts=8, mix={"attribute_open": 1.0})
    whole = list(islice(prompt_batches(rows, config, seed=1, done=0, together=4), 6))
    assert list(islice(prompt_batches(rows, config, seed=1, done=4, together=4), 2)) == whole[4:]
    clips = rows.column("shows")
    assert all(len(set(clips[batch])) <= 3 for batch in whole)


def test_row_by_row_prompts_are_what_they_always_were(faces: Path) -> None:
    """Runs that were begun before have to go on with them."""
    rows, config = open_rows(faces / "train.jsonl"), GrpoConfig(prompts=3, mix={"rationale": 1.0, "attribute_open": 1.0})
    assert list(islice(prompt_batches(rows, config, seed=1, done=0), 3)) == BY_ROW
