"""Where golden mistakes are made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.golden.telling import Place, furnish


@pytest.fixture(scope="session")
def furniture(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    furnish(folder, faces)
    return folder


@pytest.fixture
def place(
    furniture: Path, tmp_path: Path, faces: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Place:
    shutil.copytree(furniture, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path, faces, monkeypatch, capfd)


@pytest.fixture(scope="session")
def imported() -> None:
    """What a run and rows import, which takes a second or two, is not counted as a case's own time."""
    import pyarrow.parquet  # noqa: F401

    import rl.train  # noqa: F401
