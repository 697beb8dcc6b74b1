"""Which MLflow run a folder belongs to, whatever became of the one that it had; all of it is there afterwards, nothing twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from rl.commands.track import sync
from rl.record.runs.directory import RunDirectory
from tests.unit.rl.record.tracking.recorded import Held, assert_whole, held, recorded_run, synced


@pytest.fixture
def before(run: RunDirectory) -> Held:
    """What MLflow has of the run before anything happens to it."""
    sync(run.path)
    return held(run)


@pytest.fixture
def client(run: RunDirectory) -> MlflowClient:
    return MlflowClient(tracking_uri=f"sqlite:///{run.path.parent / 'mlflow.db'}")


def test_a_deleted_run_stays_deleted_and_a_new_one_goes_on_with_it(run: RunDirectory, before: Held, client: MlflowClient) -> None:
    client.delete_run(before.run_id)
    after = synced(run)
    assert_whole(run, after)
    assert after.run_id != before.run_id
    assert after.experiment == "affectree"
    assert after.tags["affectree.continues"] == f"{run.state()['mlflow_uri']} {before.run_id}"
    assert client.get_run(before.run_id).info.lifecycle_stage == "deleted"
    experiment = client.get_experiment_by_name("affectree")
    assert experiment is not None
    assert len(client.search_traces(locations=[experiment.experiment_id], max_results=100)) == before.traces.total()


def test_a_run_that_was_restored_is_gone_on_with(run: RunDirectory, before: Held, client: MlflowClient) -> None:
    client.delete_run(before.run_id)
    between = synced(run)
    client.restore_run(before.run_id)
    run.metrics.append({"phase": "evaluate", "stage": "late", "metrics": {"root_accuracy": 1.0}})
    after = synced(run)
    assert after.run_id == before.run_id
    assert after.points.total() == before.points.total() + 1
    assert [one["run_id"] for one in run.state()["mlflow_runs"]] == [before.run_id, between.run_id]


def test_the_runs_of_a_deleted_experiment_go_into_another_until_it_is_restored(
    run: RunDirectory, before: Held, client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = client.get_run(before.run_id).info.experiment_id
    client.delete_experiment(experiment)
    between = synced(run)
    assert_whole(run, between)
    assert between.experiment == "affectree (2)"
    assert "experiment 'affectree' is deleted, and its name is taken until it is restored or purged" in capsys.readouterr().out
    other = recorded_run(run.path.parent, name="other")
    assert synced(other).experiment == "affectree (2)"
    client.restore_experiment(experiment)
    after = synced(run)
    assert_whole(run, after)
    assert (after.run_id, after.experiment) == (before.run_id, "affectree")


def test_a_renamed_experiment_keeps_its_runs(run: RunDirectory, before: Held, client: MlflowClient) -> None:
    client.rename_experiment(client.get_run(before.run_id).info.experiment_id, "mine")
    assert held(run).run_id == synced(run).run_id == before.run_id


def test_a_database_that_is_gone_is_made_anew(run: RunDirectory) -> None:
    code = f"from pathlib import Path; from rl.commands.track import sync; sync(Path({str(run.path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)  # in a process of its own, which has the file open no more
    before = run.state()["mlflow_run_id"]
    (run.path.parent / "mlflow.db").unlink()
    after = synced(run)
    assert_whole(run, after)
    assert after.run_id != before
    assert after.tags["affectree.continues"] == f"{run.state()['mlflow_uri']} {before}"


def test_another_database_gets_all_and_the_first_is_known_again(
    run: RunDirectory, before: Held, empty_store: Path, tmp_path: Path
) -> None:
    other = f"tracking.uri=sqlite:///{shutil.copy(empty_store, tmp_path / 'other.db')}"
    there = synced(run, other)
    assert_whole(run, there)
    assert there.tags["affectree.continues"].endswith(before.run_id)
    run.metrics.append({"phase": "evaluate", "stage": "late", "metrics": {"root_accuracy": 1.0}})
    back = synced(run)
    assert back.run_id == before.run_id
    assert back.points.total() == before.points.total() + 1
    assert synced(run, other).run_id == there.run_id


def test_a_copy_has_a_run_of_its_own_and_leaves_the_first_alone(run: RunDirectory, before: Held) -> None:
    copy = RunDirectory(Path(shutil.copytree(run.path, run.path.with_name("copy"))))
    copy.metrics.append({"phase": "evaluate", "stage": "late", "metrics": {"root_accuracy": 1.0}})
    after = synced(copy)
    assert after.run_id != before.run_id
    assert after.points.total() == before.points.total() + 1
    assert after.traces == before.traces
    assert after.tags["affectree.copy_of"].endswith(before.run_id)
    assert after.tags["affectree.run_directory"] == str(copy.path)
    assert held(run) == before


def test_a_renamed_folder_keeps_its_run(run: RunDirectory, before: Held) -> None:
    moved = RunDirectory(run.path.rename(run.path.with_name("moved")))
    after = synced(moved)
    assert after.run_id == before.run_id
    assert_whole(moved, after)


def test_a_folder_that_moved_with_its_database_keeps_its_run(run: RunDirectory, before: Held, tmp_path: Path) -> None:
    moved = RunDirectory(run.path.parent.rename(tmp_path / "elsewhere") / run.path.name)
    after = synced(moved)
    assert after.run_id == before.run_id
    assert after.points == before.points
    assert moved.state()["mlflow_uri"] == f"sqlite:///{tmp_path}/elsewhere/mlflow.db"


def test_a_fork_is_shown_below_its_parent(run: RunDirectory, before: Held) -> None:
    fork = recorded_run(run.path.parent, name="fork")
    parent = {key: run.state()[key] for key in ("mlflow_run_id", "mlflow_uri")}
    fork.remember(parent={"path": str(run.path), "phase": "grpo", "step": 2, **parent})
    after = synced(fork)
    assert_whole(fork, after)
    tags = {"affectree.parent_run", "affectree.parent_step", "mlflow.parentRunId"}
    assert {key: after.tags[key] for key in tags} == dict(zip(sorted(tags), (before.run_id, "2", before.run_id), strict=True))


def test_another_experiment_that_is_asked_for_gets_a_run(run: RunDirectory, before: Held) -> None:
    after = synced(run, "tracking.experiment=mine")
    assert_whole(run, after)
    assert (after.experiment, synced(run).run_id) == ("mine", before.run_id)
