"""Where MLflow is, and how long it is waited for."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's own defaults let a dead server block each call for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")

ACTIVE, DELETED = "active", "deleted"
"""How MLflow calls the stages of runs and experiments."""


def connect(uri: str) -> MlflowClient:
    """A client, and MLflow's functions for traces, that talk to this server or database. Nothing is asked yet."""
    import mlflow

    for library in ("alembic", "mlflow"):
        logging.getLogger(library).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(tracking_uri=uri)


def stage_of(client: MlflowClient, run_id: str) -> str | None:
    """`active` or `deleted`, as a run or its experiment is on the server; None if the server does not know the run."""
    from mlflow.exceptions import MlflowException

    try:
        info = client.get_run(run_id).info
        experiment = client.get_experiment(info.experiment_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return ACTIVE if info.lifecycle_stage == experiment.lifecycle_stage == ACTIVE else DELETED


def database_beside(run: Path) -> str:
    """The URI of `mlflow.db` in the folder that a run's folder is in."""
    return f"sqlite:///{_in_uri(run.parent / 'mlflow.db')}"


def is_database_file(uri: str) -> bool:
    """Whether a URI means a file, whose tables the first run makes, and beside which artifacts are kept."""
    return uri.startswith("sqlite:")


def without_password(text: str) -> str:
    """A text in which no URI has credentials any more."""
    return re.sub(r"//\S*@", "//***@", text)


def _in_uri(path: Path) -> str:
    """A path as it stands in a database's URI. Only signs with a meaning there are quoted, since MLflow makes folders by the
    quoted name."""
    return re.sub(r"[%?#]", lambda sign: quote(sign[0]), str(path))
