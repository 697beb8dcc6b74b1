"""What tests of records share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signal_handlers import handlers_restored


@pytest.fixture
def signals() -> Iterator[None]:
    """Signals are handled as before once a test is over."""
    with handlers_restored():
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has made; to copy it takes a second less than to make one."""
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{file}").search_experiments()
    return file
