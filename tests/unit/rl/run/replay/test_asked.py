"""Which steps are asked for, and what they begin from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress
from rl.run.replay.asked import asked_steps


def run(folder: Path, rollouts: Sequence[int], checkpoints: Sequence[int], tuned: bool = True) -> RunDirectory:
    """A run's folder with rollouts and checkpoints of these steps."""
    directory = RunDirectory(folder)
    directory.rollouts.mkdir(parents=True)
    for step in rollouts:
        (directory.rollouts / f"step_{step}.parquet").touch()
    directory.checkpoints.save(Progress("tune", 600), lambda _: None, keep=99)
    for step in checkpoints:
        directory.checkpoints.save(Progress("grpo", step, estimator={"seen": step}), lambda _: None, keep=99)
    if tuned:
        directory.tuned_model.mkdir()
    return directory


@pytest.mark.parametrize(
    ("text", "steps"),
    [("3", [3]), ("3:5", [3, 4, 5]), (":2", [1, 2]), ("4:", [4, 5, 6]), (":", [1, 2, 3, 4, 5, 6]), (None, [6])],
)
def test_steps_are_named_singly_or_by_their_ends(tmp_path: Path, text: str | None, steps: list[int]) -> None:
    assert list(asked_steps(run(tmp_path / "run", range(1, 7), range(7)), text).steps) == steps


def test_the_state_before_the_first_step_is_begun_from(tmp_path: Path) -> None:
    asked = asked_steps(run(tmp_path, range(1, 7), [2, 4, 6]), "5:6")
    assert asked.begin.checkpoint is not None
    assert (asked.begin.step, asked.begin.folder.name, asked.begin.checkpoint.progress.estimator) == (
        4,
        "grpo_000004",
        {"seen": 4},
    )
    assert list(asked.between) == []


def test_steps_in_between_are_learned_from_where_the_state_before_is_not_kept(tmp_path: Path) -> None:
    directory = run(tmp_path, range(1, 7), [2, 6])
    assert list(asked_steps(directory, "5").between) == [3, 4]
    asked = asked_steps(directory, "2")
    assert (asked.begin.folder, asked.begin.checkpoint, list(asked.between)) == (directory.tuned_model, None, [1])


def test_what_cannot_be_replayed_is_told(tmp_path: Path) -> None:
    directory = run(tmp_path / "run", [1, 2, 4, 6], [0])
    for text in ("x", "3:x", "", "1.5", "-1"):
        with pytest.raises(UserError, match=f"--steps {text}: must be a step or a range of steps, such as 3, 3:5, :5 or 3:"):
            asked_steps(directory, text)
    for text in ("5:3", "0", "0:2"):
        with pytest.raises(UserError, match=f"--steps {text}: steps count from 1, and the first comes before the last"):
            asked_steps(directory, text)
    for text, said in (
        ("7", "no rollouts of step 7; there are those of 1 to 2, 4, 6"),
        ("9" * 20, f"no rollouts of step {'9' * 20}; there are those of 1 to 2, 4, 6"),
        ("6", "no rollouts of step 3, which lies between grpo_000000 and the steps asked for; there are those of 1 to 2, 4, 6"),
        ("2:3", "no rollouts of step 3; there are those of 1 to 2, 4, 6"),
    ):
        with pytest.raises(RunError, match=said):
            asked_steps(directory, text)
    with pytest.raises(RunError, match="there are no rollouts to replay"):
        asked_steps(run(tmp_path / "empty", [], []), None)
    with pytest.raises(RunError, match=r"tuned_model: no such folder, and no checkpoint from before step 2 is left"):
        asked_steps(run(tmp_path / "bare", [1, 2, 3], [2], tuned=False), "2")
