"""MLflow is brought up to date with a run's folder, whatever it had before."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from mlflow import MlflowClient

from rl.commands.track import sync
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress
from rl.record.tracking import missing_points
from tests.unit.rl.record.tracking.recorded import STEPS, assert_whole, held, learn_step, synced


def test_a_run_that_mlflow_does_not_know_is_there_once_and_whole(run: RunDirectory) -> None:
    assert_whole(run, synced(run))
    state = run.state()
    found = MlflowClient(tracking_uri=state["mlflow_uri"]).get_run(state["mlflow_run_id"])
    times = [line["time"] for line in run.metrics.read()]
    assert (found.info.start_time, found.info.end_time) == (round(times[0] * 1000), round(state["ending"]["time"] * 1000))


def test_lines_are_read_in_as_many_passes_as_memory_asks_for(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_points, "HELD", 20)  # two metrics at once
    assert_whole(run, synced(run))


def test_what_is_lacking_in_the_middle_is_sent(run: RunDirectory) -> None:
    lines = run.metrics.path.read_text().splitlines(keepends=True)
    run.metrics.path.write_text("".join(line for line in lines if json.loads(line).get("step") != 2))
    (hidden,) = (run.rollouts / "step_2.parquet",)
    hidden.rename(run.path / "aside")
    sync(run.path)
    before = held(run)
    assert {step for _, step, _, _ in before.points} == {0, 1, 3, 1_700_000_000}
    run.metrics.path.write_text("".join(lines))
    (run.path / "aside").rename(hidden)
    assert_whole(run, synced(run))


def test_a_trace_that_was_lost_is_sent_again(run: RunDirectory) -> None:
    before = synced(run)
    client = MlflowClient(tracking_uri=run.state()["mlflow_uri"])
    experiment = client.get_run(before.run_id).info.experiment_id
    lost = client.search_traces(locations=[experiment], max_results=2)
    client.delete_traces(experiment, trace_ids=[trace.info.trace_id for trace in lost])
    assert held(run).traces.total() == before.traces.total() - 2
    assert synced(run) == before


def test_steps_that_were_done_again_have_the_values_of_the_last_time_as_the_latest(run: RunDirectory) -> None:
    before = synced(run)
    run.forget_after(Progress("grpo", 1))
    for step in (2, 3):
        learn_step(run, step, " again", 0.875)
    after = synced(run)
    assert after.run_id == before.run_id
    client = MlflowClient(tracking_uri=run.state()["mlflow_uri"])
    history = client.get_metric_history(after.run_id, "reward/mean")
    assert {point.step: point.value for point in history} == {1: 0.5, 2: 0.875, 3: 0.875}  # in the order of their times
    assert Counter(point.step for point in history) == {1: 1, 2: 2, 3: 2}
    assert client.get_run(after.run_id).data.metrics["reward/mean"] == 0.875
    words = Counter(completion for _, completion, _ in after.traces.elements())
    assert words == {"1.0": 1, "1.1": 1, "2.0 again": 1, "2.1 again": 1, "3.0 again": 1, "3.1 again": 1}


def test_lines_that_do_not_know_their_time_are_known_by_their_step(run: RunDirectory) -> None:
    for file in (run.metrics.path, run.path / "evaluations.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text("".join(json.dumps({key: line[key] for key in line if key != "time"}) + "\n" for line in lines))
    found = synced(run)
    assert found.points.total() == 2 + 2 + 2 * STEPS + 1
    assert found.traces.total() == 2 * STEPS


def test_a_file_that_has_changed_is_sent_again(run: RunDirectory) -> None:
    sync(run.path)
    run.report_file.write_text("<main>")  # as long as before
    found = synced(run)
    where = MlflowClient(tracking_uri=run.state()["mlflow_uri"]).download_artifacts(found.run_id, "report.html")
    assert Path(where).read_text() == "<main>"


def test_changed_settings_are_tags_and_parameters_stay(run: RunDirectory) -> None:
    begun = {"at": "", "host": "", "kind": "begun", "phase": "tune", "step": 0, "changed": {}, "words": []}
    sync(run.path)
    before = held(run).params
    text = run.config_file.read_text()
    run.config_file.write_text(text.replace("seed: 7", "seed: 8"))
    later = {**begun, "kind": "resumed", "phase": "grpo", "step": 2, "changed": {"seed": [7, 8]}}
    run.remember(history=[begun, later])
    after = synced(run)
    assert after.params == before
    assert {key: value for key, value in after.tags.items() if key.startswith("resume.")} == {
        "resume.1.at": "2",
        "resume.1.phase": "grpo",
        "resume.1.seed": "8",
    }
    run.remember(mlflow_runs=[])
    assert synced(run).params == before
