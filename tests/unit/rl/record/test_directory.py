"""Nothing half-written looks whole, and no step stands twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.mix import MixEntry, with_sources
from rewards.plugins.spec import ScorerSpec
from rl.config.load import load_config
from rl.config.schema import Config
from rl.record.directory import RunDirectory, RunError
from rl.record.files import write_folder
from rl.record.progress import Progress

QUICKSTART = Path("configs/quickstart.yaml")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(Config(runs=str(tmp_path)))


def put(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text("x")


def test_a_run_opens_with_the_config_it_was_made_with(tmp_path: Path) -> None:
    made = RunDirectory.create(load_config(QUICKSTART, [f"runs={tmp_path}", "seed=7", "name=mine"]))
    opened, config = RunDirectory.open(made.path)
    assert (opened.path, config.seed, config.name) == (made.path, 7, "mine")
    with pytest.raises(RunError, match="not a run directory"):
        RunDirectory.open(tmp_path)


def test_the_newest_whole_checkpoint_counts(run: RunDirectory) -> None:
    for progress in (Progress("tune", 100), Progress("grpo", 0), Progress("grpo", 5), Progress("grpo", 10)):
        run.save_checkpoint(progress, put, keep=2)
    partial = run.checkpoints / ".grpo_000015.partial"
    put(partial)
    (run.checkpoints / "grpo_000020").mkdir()
    found = run.last_checkpoint()
    assert found is not None
    assert found[1] == Progress("grpo", 10)
    assert len([p for p in run.checkpoints.iterdir() if (p / "progress.json").exists()]) == 2


def test_a_failed_write_leaves_no_checkpoint(run: RunDirectory) -> None:
    def fail(folder: Path) -> None:
        put(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run.save_checkpoint(Progress("grpo", 1), fail, keep=2)
    assert run.last_checkpoint() is None
    with pytest.raises(OSError, match="disk full"):
        write_folder(run.model, fail)
    assert not run.model.exists()


def test_steps_after_a_checkpoint_are_forgotten(run: RunDirectory) -> None:
    for phase, step in (("tune", 1), ("tune", 2), ("grpo", 1), ("grpo", 2), ("grpo", 3)):
        run.log_metrics({"phase": phase, "step": step, "metrics": {}})
    run.log_metrics({"phase": "evaluate", "stage": "init", "metrics": {}})
    (run.rollouts / "step_3.parquet").write_text("x")
    assert run.forget_after(Progress("grpo", 2)) == 1
    assert [(r["phase"], r.get("step")) for r in run.metrics()][-2:] == [("grpo", 2), ("evaluate", None)]
    assert not list(run.rollouts.iterdir())
    assert run.forget_after(Progress("tune", 1)) == 3


def test_a_line_cut_off_by_a_kill_is_left_out(run: RunDirectory) -> None:
    run.log_metrics({"phase": "grpo", "step": 1, "metrics": {}})
    with run.metrics_file.open("a") as file:
        file.write('{"phase": "grpo", "st')
    assert len(run.metrics()) == 1
    with run.metrics_file.open("a") as file:
        file.write("\n{}\n")
    with pytest.raises(RunError, match="line 2"):
        run.metrics()


def test_scorers_are_kept_with_the_files_beside_them_that_they_import(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    for name, text in {
        "alone.py": "def f(sample): ...\n",
        "mine.py": "from pkg.part import f\n",
        "pkg/__init__.py": "",
        "pkg/part.py": "def f(sample): ...\n",
    }.items():
        (tmp_path / name).write_text(text)
    entries = with_sources([MixEntry(ScorerSpec(name, f"{tmp_path}/{name}.py:f")) for name in ("alone", "mine")])
    assert run.keep_scorers(entries, {}) == []
    alone, mine = (f"{entry.scorer.name}-{entry.scorer.source.sha256[:12]}" for entry in entries if entry.scorer.source)
    kept = {str(file.relative_to(run.scorers)): file.read_text() for file in run.scorers.rglob("*.py")}
    assert kept == {
        f"{alone}.py": "def f(sample): ...\n",
        f"{mine}/mine.py": "from pkg.part import f\n",
        f"{mine}/pkg/__init__.py": "",
        f"{mine}/pkg/part.py": "def f(sample): ...\n",
    }
