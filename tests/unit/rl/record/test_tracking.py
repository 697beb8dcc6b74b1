"""MLflow on a real sqlite store, and a tracking server that is not there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from rl.config.schema import Config, TrackingConfig
from rl.record.directory import RunDirectory
from rl.record.tracking import Tracker, resend
from rollout.samples import TokenCredit, TrainingGroup
from tests.unit.stations import scored_group


def make(tmp_path: Path, uri: str | None = None, store: Path | None = None) -> tuple[Tracker, RunDirectory, list[str]]:
    """A tracker, its run, and where its warnings go; `store` is a database to begin with."""
    config = Config(runs=str(tmp_path / "runs"), tracking=TrackingConfig(uri=uri))
    run, warnings = RunDirectory.create(config), []
    if store is not None:
        shutil.copy(store, tmp_path / "runs")
    return Tracker(config, run, warnings.append), run, warnings


def steps_of(tracker: Tracker, key: str) -> list[int]:
    return [p.step for p in MlflowClient(tracking_uri=tracker.uri).get_metric_history(tracker.run_id, key)]


def test_metrics_go_in_once_a_step_even_after_a_resume(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.start({"grpo.group": 8})
    for step in (1, 2, 3):
        tracker.log({"reward/mean": step / 10, "odd [key]@": 1.0, "broken": float("inf")}, step)
    again = Tracker(Config(runs=str(tmp_path / "runs")), run, warnings.append)
    again.start({"grpo.group": 8})
    assert again.run_id == tracker.run_id
    for step in (3, 4):
        again.log({"reward/mean": step / 10}, step)
    again.finish()
    assert warnings == []
    assert steps_of(again, "reward/mean") == [1, 2, 3, 4]
    assert steps_of(again, "odd _key__") == [1, 2, 3]
    assert MlflowClient(tracking_uri=again.uri).get_run(again.run_id).data.params == {"grpo.group": "8"}


def test_some_groups_are_traced_and_files_attached(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, warnings = make(tmp_path, store=empty_store)
    tracker.traces = 1
    tracker.start({})
    answers = scored_group([0.5, 1.0])
    learned = TrainingGroup(**vars(answers), advantages=(-1.0, 1.0), credit=(TokenCredit(), TokenCredit()))
    tracker.trace([learned, learned], step=3)
    tracker.artifact(run.config_file)
    tracker.artifact(run.path / "absent")
    tracker.finish()
    assert warnings == []
    client = MlflowClient(tracking_uri=tracker.uri)
    assert len(client.search_traces(locations=[tracker.experiment_id])) == 1
    assert [file.path for file in client.list_artifacts(tracker.run_id)] == ["config.yaml"]


def test_a_dead_server_neither_stops_nor_delays_a_run(tmp_path: Path) -> None:
    tracker, _run, warnings = make(tmp_path, "http://user:secret@127.0.0.1:9")
    began = time.monotonic()
    tracker.start({"a": 1})
    tracker.log({"x": 1.0}, 1)
    tracker.finish()
    assert time.monotonic() - began < 60
    assert len(warnings) == 1
    assert "secret" not in warnings[0]
    assert tracker.failures == 1


def test_what_is_missing_is_sent_later(tmp_path: Path, empty_store: Path) -> None:
    tracker, run, _ = make(tmp_path, store=empty_store)
    for step in (1, 2):
        run.log_metrics({"phase": "grpo", "step": step, "metrics": {"reward/mean": 0.5}})
    assert resend(tracker, run) == 2
    assert steps_of(tracker, "reward/mean") == [1, 2]


@pytest.mark.parametrize(("name", "stray"), [("we're (ü) 日本", []), ("a?b#c%20d", ["a%3Fb%23c%2520d"])])
def test_the_database_is_where_the_runs_are_whatever_their_path(tmp_path: Path, name: str, stray: list[str]) -> None:
    tracker, run, warnings = make(tmp_path / name)
    tracker.start({})
    tracker.log({"reward/mean": 1.0}, 1)
    tracker.finish()
    assert warnings == []
    assert (run.path.parent / "mlflow.db").is_file()
    assert steps_of(tracker, "reward/mean") == [1]
    assert sorted(place.name for place in tmp_path.iterdir()) == sorted([name, *stray])  # an empty folder that MLflow makes
