"""A run that has just been begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(Config(runs=str(tmp_path)))
