"""Nothing half-written looks whole, and no step stands twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rl.config.load import ConfigError, load_config
from rl.config.schema import Config
from rl.record.files import write_folder
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress

QUICKSTART = Path("configs/quickstart.yaml")
TINY = ("model.init=tiny", "grpo.mix={rationale: 1}", "grpo.steps=0")


def put(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text("x")


def test_a_run_opens_with_the_config_it_was_made_with(tmp_path: Path) -> None:
    made = RunDirectory.create(load_config(QUICKSTART, [f"runs={tmp_path}", "seed=7", "name=mine"]))
    opened, config = RunDirectory.open(made.path)
    assert (opened.path, config.seed, config.name) == (made.path, 7, "mine")
    with pytest.raises(RunError, match="not a run directory"):
        RunDirectory.open(tmp_path)


def test_the_newest_checkpoint_counts_and_what_was_not_written_to_its_end_does_not(run: RunDirectory) -> None:
    for progress in (Progress("tune", 100), Progress("grpo", 0), Progress("grpo", 5), Progress("grpo", 10)):
        run.checkpoints.save(progress, put, keep=2)
    put(run.checkpoints.path / ".grpo_000015.0.partial")
    found = run.checkpoints.last()
    assert found is not None
    assert found.progress == Progress("grpo", 10)
    assert [folder.name for folder in run.checkpoints.folders()] == ["grpo_000005", "grpo_000010"]
    run.forget_after(found.progress)
    assert sorted(place.name for place in run.checkpoints.path.iterdir()) == ["grpo_000005", "grpo_000010"]


def test_a_checkpoint_that_something_else_has_damaged_is_not_passed_over(run: RunDirectory) -> None:
    run.checkpoints.save(Progress("grpo", 10), put, keep=2)
    (run.checkpoints.path / "grpo_000020").mkdir()
    with pytest.raises(RunError, match=r"grpo_000020/progress\.json: is missing; restore it, or remove "):
        run.checkpoints.last()


def test_a_failed_write_leaves_no_checkpoint(run: RunDirectory) -> None:
    def fail(folder: Path) -> None:
        put(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run.checkpoints.save(Progress("grpo", 1), fail, keep=2)
    assert run.checkpoints.last() is None
    with pytest.raises(OSError, match="disk full"):
        write_folder(run.model, fail)
    assert not run.model.exists()


def test_steps_after_a_checkpoint_are_forgotten(run: RunDirectory) -> None:
    for phase, step in (("tune", 1), ("tune", 2), ("grpo", 1), ("grpo", 2), ("grpo", 3)):
        run.metrics.append({"phase": phase, "step": step, "metrics": {}})
        (run.rollouts / f"step_{step}.parquet").write_text("x")
    assert run.forget_after(Progress("grpo", 2)) == 1
    assert [(r["phase"], r["step"]) for r in run.metrics.read()][-2:] == [("grpo", 1), ("grpo", 2)]
    assert sorted(file.name for file in run.rollouts.iterdir()) == ["step_1.parquet", "step_2.parquet"]
    assert run.forget_after(Progress("tune", 1)) == 3
    assert not list(run.rollouts.iterdir())


def test_evaluations_that_are_done_again_are_forgotten_in_the_lines_and_in_the_summary(run: RunDirectory) -> None:
    for stage in ("init", "tuned", "grpo", "reasoned"):
        run.metrics.append({"phase": "evaluate", "stage": stage, "metrics": {}})
    stages = {stage: {"root_accuracy": 0.5} for stage in ("init", "tuned", "grpo", "reasoned")}
    summary = {
        "stages": stages,
        "intervals": {stage: {} for stage in stages},
        "seconds": {"evaluate": 3.0},
        "seed": 7,
        "examples": [],
    }

    def left(progress: Progress) -> list[str]:
        run.forget_after(progress)
        lines = [record["stage"] for record in run.metrics.read()]
        assert lines == list(run.summary()["stages"]) == list(run.summary()["intervals"])
        assert (run.summary()["seed"], run.summary()["seconds"]) == (7, {"evaluate": 3.0})
        return lines

    run.summary_file.write_text(json.dumps(summary))
    assert left(Progress("grpo", 4)) == ["init", "tuned"]
    assert left(Progress("tune", 2)) == ["init"]


def test_the_line_of_an_evaluation_that_was_killed_before_it_was_in_the_summary_is_dropped(run: RunDirectory) -> None:
    run.metrics.append({"phase": "evaluate", "stage": "init", "metrics": {}})
    assert run.forget_after(Progress()) == 1


def test_the_best_state_stays_as_long_as_any_checkpoint_says_that_it_is(run: RunDirectory) -> None:
    for step, best in ((1, 1), (2, 1), (3, 3)):
        put(run.best(step))
        run.checkpoints.save(Progress("grpo", step, best_step=best), put, keep=2)
    run.drop_other_bests()
    assert sorted(folder.name for folder in run.path.glob("best_*")) == ["best_000001", "best_000003"]
    run.checkpoints.save(Progress("grpo", 4, best_step=3), put, keep=2)
    run.drop_other_bests()
    assert [folder.name for folder in run.path.glob("best_*")] == ["best_000003"]


def test_a_folder_that_cannot_be_filled_is_not_there(run: RunDirectory) -> None:
    def fail(made: RunDirectory) -> None:
        (made.path / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        RunDirectory.create(Config(runs=str(run.path.parent)), fail)
    assert list(run.path.parent.iterdir()) == [run.path]


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o002])
def test_modes_follow_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        run = RunDirectory.create(Config(runs=str(tmp_path)))
        run.metrics.append({"phase": "grpo", "step": 1, "metrics": {}})
        run.checkpoints.save(Progress("grpo", 1), put, keep=1)
        run.remember(a=1)
    finally:
        os.umask(before)
    for place in run.path.rglob("*"):
        assert place.stat().st_mode & 0o777 == (0o777 if place.is_dir() else 0o666) & ~mask, place


def test_a_line_cut_off_by_a_kill_is_left_out(run: RunDirectory) -> None:
    run.metrics.append({"phase": "grpo", "step": 1, "metrics": {}})
    with run.metrics.path.open("a") as file:
        file.write('{"phase": "grpo", "st')
    assert len(run.metrics.read()) == 1
    with run.metrics.path.open("a") as file:
        file.write("\n{}\n")
    with pytest.raises(RunError, match="line 2"):
        run.metrics.read()


def test_a_run_keeps_absolute_paths_and_how_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "train.jsonl").write_text("{}")
    monkeypatch.chdir(tmp_path)
    made = RunDirectory.create(load_config(None, [*TINY, "runs=mine", "data.directory=faces"]))
    monkeypatch.chdir("/")
    opened, config = RunDirectory.open(made.path, files=True)
    assert (config.runs, config.data.directory) == (str(tmp_path / "mine"), str(tmp_path / "faces"))
    (tmp_path / "faces" / "train.jsonl").unlink()
    (tmp_path / "faces").rmdir()
    said = (
        f"the configuration {made.config_file} cannot be used: data.directory = '{tmp_path}/faces' (given as faces in {tmp_path}"
        f"): no such folder; put it back, or say where it is now: affectree train --resume {made.path} data.directory=…"
    )
    with pytest.raises(ConfigError) as error:
        RunDirectory.open(made.path, files=True)
    assert str(error.value) == said
    config.data.directory = "/elsewhere"
    with pytest.raises(ConfigError, match=r"^[^(]*'/elsewhere': no such folder"):
        opened.check_places(config)


def test_data_that_was_drawn_once_is_missed_by_a_run_that_goes_on(tmp_path: Path) -> None:
    made = RunDirectory.create(load_config(QUICKSTART, [f"runs={tmp_path}/runs", f"data.directory={tmp_path}/faces"]))
    with pytest.raises(ConfigError, match=r"data\.directory = .* no such folder; put it back"):
        RunDirectory.open(made.path, files=True)
