"""A configuration whose folders are the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl.config.schema import Config, FacesConfig, ModelConfig


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(runs=str(tmp_path / "runs"), model=ModelConfig(init="tiny"))
    made.data.directory = str(tmp_path / "data")
    made.data.faces = FacesConfig(clips=16)
    return made
