"""`affectree track sync`: what it refuses. What it sends: tests/unit/rl/record/tracking."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.commands.track import sync
from rl.record.runs.errors import RunError
from rl.record.runs.owner import RunOwned, owned
from tests.unit.rl.record.tracking.recorded import recorded_run


def test_a_run_that_is_trained_is_refused_by_name_of_its_owner(tmp_path: Path) -> None:
    run = recorded_run(tmp_path)
    with owned(run), pytest.raises(RunOwned, match="is being trained by"):
        sync(run.path)
    assert not (tmp_path / "mlflow.db").exists()


def test_only_settings_of_tracking_are_taken(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seed=1: only settings of `tracking` can be given here"):
        sync(tmp_path, ["seed=1"])


def test_a_run_that_is_not_tracked_is_sent_only_if_that_is_said(tmp_path: Path) -> None:
    run = recorded_run(tmp_path)
    run.config_file.write_text(run.config_file.read_text().replace("mlflow: true", "mlflow: false"))
    with pytest.raises(UserError, match=r"not tracked \(tracking.mlflow=false\); to send it, add tracking.mlflow=true"):
        sync(run.path)


def test_a_file_that_cannot_be_read_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    run = recorded_run(tmp_path)
    with run.metrics.path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(RunError, match=r"metrics.jsonl, line 8: `metrics` must hold numbers"):
        sync(run.path)
    assert not (tmp_path / "mlflow.db").exists()


def test_a_server_that_is_not_there_ends_with_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded_run(tmp_path)
    with pytest.raises(SystemExit):
        sync(run.path, ["tracking.uri=http://127.0.0.1:9"])
    assert "MLflow at http://127.0.0.1:9 failed" in capsys.readouterr().out
