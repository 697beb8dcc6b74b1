"""A run's folder with a database beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rl.record.runs.directory import RunDirectory
from tests.unit.rl.record.tracking.recorded import recorded_run


@pytest.fixture
def run(tmp_path: Path, empty_store: Path) -> RunDirectory:
    """A run that is recorded in its folder, and not in MLflow."""
    (tmp_path / "runs").mkdir()
    shutil.copy(empty_store, tmp_path / "runs" / "mlflow.db")
    return recorded_run(tmp_path / "runs")
