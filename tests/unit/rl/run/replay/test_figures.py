"""Figures of a step beside those that the run recorded, as a table, and as files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from rewards.errors import UserError
from rewards.sample import Reward
from rl.record.rollouts import read_rollouts, write_rollouts
from rl.record.runs.directory import RunDirectory
from rl.run.replay.figures import ReplayedStep, replayed_step
from rl.run.replay.output import Output
from rl.run.replay.view import largest_difference, step_table
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import group, scored

LINE = {
    "reward/errors": 0.0,
    "reward/mean": 0.5, "reward/max": 1.0, "rollout/age_mean": 0.0, "seconds/step": 3.0, "sync/logprob_diff": 1e-7,
    "learner/loss": 0.25, "learner/own": 3.0, "learner/seconds": 2.0, "learner/learning_rate": 0.1,
}  # fmt: skip


def step(tmp_path: Path, loss: float = 0.5, line: dict[str, float] = LINE) -> ReplayedStep:
    """A step whose second sample is now rewarded, with another loss."""
    drawn = scored(group(["a", "b"]), [Reward(1.0), Reward(0.0)])
    was = TrainingGroup(**vars(drawn), advantages=(1.0, -1.0), credit=(TokenCredit(),) * 2)
    write_rollouts(tmp_path / "step_3.parquet", 3, 1, [was], [17])
    now = replace(was, rewards=(Reward(1.0), Reward(0.75)), advantages=(0.5, None))
    return replayed_step(
        read_rollouts(tmp_path / "step_3.parquet"), [now], {"loss": loss, "seconds": 9.0}, 0.1, line, staleness=0
    )


def test_what_a_replay_measures_stands_beside_what_the_run_did(tmp_path: Path) -> None:
    found = {one.name: (one.recorded, one.replayed, one.difference) for one in step(tmp_path).figures}
    assert found["reward/mean"] == (0.5, 0.875, 0.375)
    assert found["learner/loss"] == (0.25, 0.5, 0.25)
    assert found["learner/own"] == (3.0, None, None)
    assert found["learner/learning_rate"] == (0.1, 0.1, 0.0)
    assert found["advantage/learned"] == (2.0, 1.0, -1.0)
    assert found["advantage/std"] == (1.0, 0.0, -1.0)
    assert not {"seconds/step", "sync/logprob_diff", "learner/seconds", "rollout/age_mean"} & found.keys()


def test_the_table_has_a_line_for_each(tmp_path: Path) -> None:
    console = Console(width=100, record=True)
    console.print(step_table(step(tmp_path)))
    lines = [line.replace("│", " ").split() for line in console.export_text().splitlines()]
    assert ["learner/loss", "0.25", "0.5", "+2.5e-01"] in lines
    assert ["learner/own", "3", "-", "-"] in lines
    assert ["reward/max", "1", "1", "0"] in lines
    assert not any("reward/errors" in line for line in lines)
    assert largest_difference(step(tmp_path)) == (
        "step 3: largest difference 1.5e+00 (advantage/min); 1 of 2 samples have another reward"
    )


def test_no_equality_is_claimed_where_there_is_none_or_nothing_to_compare(tmp_path: Path) -> None:
    said = largest_difference(step(tmp_path, loss=float("nan")))
    assert said == "step 3: largest difference nan (learner/loss); 1 of 2 samples have another reward"
    said = largest_difference(step(tmp_path, line={}))
    assert "(advantage/min) in rewards and advantages; there is no update to compare; 1 of 2" in said


def test_files_are_those_of_a_run(tmp_path: Path) -> None:
    replayed = step(tmp_path)
    Output(tmp_path / "out", RunDirectory(tmp_path / "run")).write(replayed)
    (line,) = map(json.loads, (tmp_path / "out" / "metrics.jsonl").read_text().splitlines())
    assert (line["phase"], line["step"], line["metrics"]["learner/loss"]) == ("grpo", 3, 0.5)
    (one,) = read_rollouts(tmp_path / "out" / "rollouts" / "step_3.parquet").groups
    assert (one.row, one.advantages, [reward.value for reward in one.rewards]) == (17, (0.5, None), [1.0, 0.75])


def test_a_folder_that_holds_something_or_is_the_run_s_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for name, said in (
        ("run/out", "lies in the run's folder"),
        ("full", "holds something already"),
        ("full/x", "holds something"),
        ("full/x/out", "cannot be made"),
    ):
        with pytest.raises(UserError, match=f"{name}: {said}"):
            Output(tmp_path / name, run)
