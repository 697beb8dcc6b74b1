"""MLflow on a real sqlite store, and a tracking server that is not there."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

import pytest
from mlflow import MlflowClient

from rl.config.schema import Config, TrackingConfig
from rl.record.background import BackgroundWriter
from rl.record.runs.directory import RunDirectory
from rl.record.tracking import tracker as module
from rl.record.tracking.ending import Ending
from rl.record.tracking.names import mlflow_name
from rl.record.tracking.tracker import Tracker
from tests.unit.rl.record.tracking.recorded import groups_of, held, learn_step

DEAD = "http://user:secret@127.0.0.1:9"


def make(tmp_path: Path, uri: str | None = None, store: Path | None = None) -> tuple[Tracker, RunDirectory, list[str]]:
    """A tracker, its run, and where its warnings go; `store` is a database to begin with."""
    config = Config(runs=str(tmp_path / "runs"), tracking=TrackingConfig(uri=uri, traces=2))
    run, warnings = RunDirectory.create(config), []
    if store is not None:
        shutil.copy(store, tmp_path / "runs")
    return Tracker(config, run, warnings.append), run, warnings


def steps_of(tracker: Tracker, key: str) -> list[int]:
    return [p.step for p in MlflowClient(tracking_uri=tracker.uri).get_metric_history(tracker.run_id, key)]


def test_what_is_logged_as_it_is_measured_is_not_sent_again(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.start({"grpo.group": 8, "long": "x" * 7000})
    tracker.running()
    for step in (1, 2):
        line = learn_step(run, step)
        tracker.log(line)
        tracker.trace(groups_of(step), line)
    tracker.log(run.metrics.append({"phase": "tune", "step": 1, "metrics": {"tune/loss": 1.0}}), flush=False)
    assert held(run).status == "RUNNING"
    before = held(run)
    again = Tracker(Config(runs=str(tmp_path / "runs"), tracking=TrackingConfig(traces=2)), run, warnings.append)
    again.start({"grpo.group": 16})
    again.catch_up()
    assert str(again.sent) == "1 values, 2 files"  # what waited, and config.yaml and metrics.jsonl
    again.finish(Ending("FAILED", time.time()))
    assert warnings == []
    after = held(run)
    assert (after.run_id, after.traces, after.status) == (before.run_id, before.traces, "FAILED")
    assert steps_of(again, "reward/mean") == [1, 2]
    assert steps_of(again, "tune/loss") == [1]
    assert after.params["grpo.group"] == "8"
    assert after.params["long"].endswith("more, in config.yaml)")


def test_what_two_threads_log_is_logged_once(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.start({})
    with BackgroundWriter() as writer:
        for step in (1, 2, 3):
            line = learn_step(run, step)
            writer.put("to MLflow", partial(tracker.log, line))
            writer.put("to MLflow", partial(tracker.trace, groups_of(step), line))
            tracker.log(run.metrics.append({"phase": "evaluate", "stage": f"s{step}", "metrics": {f"root{step}": 0.5}}))
    assert steps_of(tracker, "reward/mean") == [1, 2, 3]
    assert sorted(held(run).traces.values()) == [1] * 6
    tracker.catch_up()
    assert (tracker.sent.values, tracker.sent.traces, warnings) == (0, 0, [])


def test_names_and_values_that_mlflow_does_not_take_are_told_once(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.start({})
    for step in (1, 2, 3):
        metrics = {"odd [key]@": 1.0, "broken": float("inf") if step < 3 else 1.0}
        tracker.log(run.metrics.append({"phase": "grpo", "step": step, "metrics": metrics}))
    tracker.catch_up()
    key = mlflow_name("odd [key]@")
    assert steps_of(tracker, key) == [1, 2, 3]
    assert steps_of(tracker, "broken") == [3]
    assert sorted(warnings) == [
        f"MLflow takes no such name as 'odd [key]@': it is {key!r} there",
        "broken is inf at step 1: MLflow is told finite values only",
    ]


def test_a_dead_server_neither_stops_nor_delays_a_run(tmp_path: Path) -> None:
    tracker, run, warnings = make(tmp_path, DEAD)
    began = time.monotonic()
    tracker.start({"a": 1})
    tracker.running()
    tracker.log({"phase": "grpo", "step": 1, "metrics": {"x": 1.0}})
    tracker.catch_up()
    tracker.finish(Ending("FINISHED", time.time()))
    assert time.monotonic() - began < 60
    assert "secret" not in " ".join(warnings)
    first, last = warnings
    assert first.startswith("MLflow at http://***@127.0.0.1:9 failed (MlflowException")
    assert first.endswith(f"all is kept in {run.path}, and `affectree track sync {run.path}` sends what is missing")
    assert last == f"MLflow failed 2 times in all; `affectree track sync {run.path}` sends what is missing"
    assert tracker.failures == 2  # at the start, and when all was to be sent; between them it was left alone
    assert "mlflow_run_id" not in run.state()


def test_a_run_that_is_deleted_while_it_goes_on_is_whole_in_another_at_the_end(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REST_SECONDS", 0.0)
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.start({"a": 1})
    tracker.log(learn_step(run, 1))
    first = tracker.run_id
    MlflowClient(tracking_uri=tracker.uri).delete_run(first)
    for step in (2, 3):
        tracker.log(learn_step(run, step))
    tracker.catch_up()
    tracker.finish(Ending("FINISHED", time.time()))
    assert steps_of(tracker, "reward/mean") == [1, 2, 3]
    assert tracker.run_id != first
    failed, new, last = warnings
    assert "must be in the 'active' state" in failed
    assert f"the run was MLflow run {first}, which is deleted: its MLflow run is {tracker.run_id} now" in new
    assert last == "MLflow failed 1 time in all; it has everything now"


def test_nothing_is_done_where_tracking_is_off(tmp_path: Path) -> None:
    config = Config(runs=str(tmp_path / "runs"), tracking=TrackingConfig(mlflow=False))
    run = RunDirectory.create(config)
    tracker = Tracker(config, run, pytest.fail)
    tracker.start({})
    tracker.log(learn_step(run, 1))
    tracker.catch_up()
    tracker.finish(None)
    assert "mlflow_run_id" not in run.state()
    assert not (tmp_path / "runs" / "mlflow.db").exists()


@pytest.mark.parametrize(("name", "stray"), [("we're (ü) 日本", []), ("a?b#c%20d", ["a%3Fb%23c%2520d"])])
def test_the_database_is_where_the_runs_are_whatever_their_path(tmp_path: Path, name: str, stray: list[str]) -> None:
    tracker, run, warnings = make(tmp_path / name)
    tracker.start({})
    tracker.log(run.metrics.append({"phase": "grpo", "step": 1, "metrics": {"reward/mean": 1.0}}))
    tracker.finish(Ending("FINISHED", time.time()))
    assert warnings == []
    assert (run.path.parent / "mlflow.db").is_file()
    assert steps_of(tracker, "reward/mean") == [1]
    assert sorted(place.name for place in tmp_path.iterdir()) == sorted([name, *stray])  # an empty folder that MLflow makes
