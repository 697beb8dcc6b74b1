"""What an evaluation leaves behind in MLflow: in the run that the model comes of, or in one of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rl.evaluation.saved import EvaluationFolder
from rl.evaluation.summary import summarise
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import owned
from rl.record.tracking.points import evaluations_of
from rl.run.evaluated import Evaluated
from rl.run.evaluation import Found
from rl.run.evaluation_files import save
from tests.unit.rl.evaluation.scored_rows import rows
from tests.unit.rl.record.tracking.recorded import held, recorded_run, synced


@pytest.fixture
def run(tmp_path: Path, empty_store: Path) -> RunDirectory:
    (tmp_path / "runs").mkdir()
    shutil.copy(empty_store, tmp_path / "runs" / "mlflow.db")
    return recorded_run(tmp_path / "runs")


def found(run: RunDirectory, place: Path, of_run: bool) -> Found:
    """An evaluation in which half of the answers were right."""
    config = RunDirectory.open(run.path)[1]
    scored = tuple(rows("identity", [0.0, 1.0]))
    evaluated = Evaluated("model", config, EvaluationFolder(place), run=run if of_run else None)
    return Found(evaluated, scored, (), (), (summarise("model", {"samples": 1}, scored),))


def test_a_run_is_told_what_its_model_was_measured_to_be_and_all_else_that_it_lacks(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in (1_700_000_100, 1_700_000_200):
        with monkeypatch.context() as clock:
            clock.setattr("time.time", lambda at=float(second): at)
            save(found(run, run.path / "evaluation", of_run=True), [])
    after = synced(run)
    steps = sorted(step for name, step, _, value in after.points if name.startswith("eval/") and value == 0.5)
    assert set(steps) == {1_700_000_100, 1_700_000_200}
    assert {"results.json", "table.md", "metrics.jsonl"} <= set(after.files)
    assert ("tune/loss", 1) in {point[:2] for point in after.points}
    assert after.status == "FINISHED"


def test_a_run_that_is_being_trained_is_told_at_its_end(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    with owned(run):
        save(found(run, run.path / "evaluation", of_run=True), [])
        assert "mlflow_run_id" not in run.state()
    assert "is being trained: MLflow is told of this evaluation at its end" in capsys.readouterr().out.replace("\n", " ")
    assert any(name.startswith("eval/") and value == 0.5 for name, _, _, value in synced(run).points)


def test_an_evaluation_of_its_own_is_sent_by_the_same_one_again(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    one = found(run, tmp_path / "out", of_run=False)
    tracking = replace(one.evaluated.config.tracking, uri="http://127.0.0.1:9")
    save(replace(one, evaluated=replace(one.evaluated, config=replace(one.evaluated.config, tracking=tracking))), [])
    assert "the same evaluation again sends them" in capsys.readouterr().out.replace("\n", " ")
    shutil.copy(run.path.parent / "mlflow.db", tmp_path)
    save(one, [])
    of_its_own = RunDirectory(tmp_path / "out")
    after = held(of_its_own)
    assert len(evaluations_of(of_its_own).read()) == 2
    assert after.points.total() == sum(len(line["metrics"]) for line in evaluations_of(of_its_own).read())
    assert (after.params["evaluated"], after.params["eval.samples"], after.status) == ("model", "1", "FINISHED")
    assert after.files == ["results.json", "table.md"]
