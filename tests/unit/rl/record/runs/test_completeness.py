"""Records that lack what a run has done are told before it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.record.runs.completeness import check_complete
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress

MEASURED = {"stages": {"init": {}, "tuned": {}}}


def with_steps(run: RunDirectory, *steps: int, phase: str = "grpo") -> RunDirectory:
    for step in steps:
        run.metrics.append({"phase": phase, "step": step, "metrics": {}})
    return run


def test_all_steps_that_are_done_have_a_line(run: RunDirectory) -> None:
    check_complete(run.metrics, {"stages": {}}, Progress(), None)
    with_steps(run, 1, 2, 3, 4)
    check_complete(run.metrics, MEASURED, Progress("grpo", 3), None)
    with pytest.raises(RunError, match=r"metrics\.jsonl: holds no line of grpo step 5 and 1 more, which"):
        check_complete(run.metrics, MEASURED, Progress("grpo", 6), None)
    with pytest.raises(RunError, match="no line of tune step 1, which"):
        check_complete(run.metrics, MEASURED, Progress("tune", 1), None)


def test_steps_before_a_fork_may_be_the_parents(run: RunDirectory) -> None:
    with_steps(run, 31, 32)
    check_complete(run.metrics, {"stages": {}}, Progress("grpo", 32), {"phase": "grpo", "step": 30})
    check_complete(run.metrics, {"stages": {}}, Progress("grpo", 0), {"phase": "tune", "step": 30})
    with pytest.raises(RunError, match="no line of grpo step 30, which"):
        check_complete(run.metrics, {"stages": {}}, Progress("grpo", 32), {"phase": "grpo", "step": 29})


def test_a_run_whose_checkpoints_were_removed_does_not_begin_anew(run: RunDirectory) -> None:
    with_steps(run, 1, 2, phase="tune")  # may be done again: it may never have had one
    check_complete(run.metrics, {"stages": {}}, None, None)
    with_steps(run, 1, 2, 3)
    with pytest.raises(RunError, match=r"has no checkpoint, though 3 GRPO steps are done.*restore one, or .*--fork .* --at 0"):
        check_complete(run.metrics, MEASURED, None, None)


def test_evaluations_that_are_done_are_in_the_summary(run: RunDirectory) -> None:
    with_steps(run, 1, phase="tune")
    check_complete(run.metrics, {"stages": {"init": {}}}, Progress("tune", 1), None)
    with pytest.raises(RunError, match=r"summary\.json: does not hold the evaluation 'init', which is done; restore the file"):
        check_complete(run.metrics, {"stages": {}}, Progress("tune", 1), None)
    with pytest.raises(RunError, match="'tuned'"):
        check_complete(run.metrics, {"stages": {"init": {}}}, Progress("grpo", 0), None)


def put(folder: Path) -> None:
    (folder / "state").mkdir(parents=True, exist_ok=True)
    (folder / "state" / "weights").write_text("whole")


@pytest.fixture
def saved(run: RunDirectory) -> Path:
    """A checkpoint that needs the tuned model."""
    put(run.tuned_model)
    run.checkpoints.save(Progress("grpo", 1), put, keep=1)
    return run.checkpoints.save(Progress("grpo", 2), put, keep=2, needs=run.needs(Progress("grpo", 2)))


@pytest.mark.parametrize("name", ["progress.json", "files.json", "state/weights", "../../tuned_model/state/weights"])
def test_a_checkpoint_of_which_something_is_missing_is_not_gone_on_from(run: RunDirectory, saved: Path, name: str) -> None:
    found = run.checkpoints.last()
    assert found is not None
    assert found.progress == Progress("grpo", 2)
    (saved / name).unlink()
    with pytest.raises(RunError, match=r"is missing.*; restore it, or remove .*grpo_000002 to go on from the one before"):
        run.checkpoints.last()
    assert run.checkpoints.at("grpo", 1).progress == Progress("grpo", 1)


def test_a_checkpoint_of_which_a_file_is_cut_off_is_not_gone_on_from(run: RunDirectory, saved: Path) -> None:
    (saved / "state" / "weights").write_text("who")
    with pytest.raises(RunError, match="grpo_000002/state/weights: has 3 bytes of 5, and grpo_000002 needs it"):
        run.checkpoints.at("grpo", 2)
