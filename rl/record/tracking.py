"""MLflow, which is told what the run directory already holds.

metrics.jsonl is written first and is the source of truth. If a tracking server fails, that is told once, every failure is
counted, and training goes on; `affectree track sync RUN` sends what is missing later.
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from rl.config.schema import Config
from rl.record.directory import RunDirectory
from rl.record.traces import log_traces
from rollout.samples import TrainingGroup

# MLflow's own defaults let a dead server block each call for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")

_LOCK_SECONDS = 120.0
_FLUSH_AT = 400
"""So many values are sent together."""
_NOT_ALLOWED = re.compile(r"[^\w\-. /]")


class Tracker:
    """One MLflow run. No method raises, whether or not the server is there."""

    def __init__(self, config: Config, run: RunDirectory, warn: Callable[[str], None]) -> None:
        """
        Args:
            config: of the run; `tracking` says whether and where to log.
            run: its directory, which keeps the id of the MLflow run.
            warn: prints the line about the first failure.
        """
        self.run = run
        self.warn = warn
        self.enabled = config.tracking.mlflow
        self.failures = 0
        self.uri = config.tracking.uri or f"sqlite:///{_in_uri(run.path.parent / 'mlflow.db')}"
        self.experiment = config.tracking.experiment
        self.traces = config.tracking.traces
        self.run_id: str | None = None
        self.experiment_id = ""
        self._logged: dict[str, int] = {}
        self._waiting: list[tuple[str, float, int, int]] = []

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Open the MLflow run, or go on with the one that the run directory remembers.

        Args:
            parameters: the configuration, as flat names and values; logged with a new run only.
        """
        self._guard(lambda: self._start_alone(parameters))

    def log(self, metrics: Mapping[str, float], step: int, flush: bool = True) -> None:
        """Log one value of each metric. What the server already has of a step is not sent again, nor is what is not finite.

        Args:
            metrics: name -> value.
            step: the step that they belong to.
            flush: send them now; otherwise they wait until there are 400, or for the next call with it.
        """
        if self.run_id:
            self._collect(metrics, step)
            if flush or len(self._waiting) >= _FLUSH_AT:
                self._guard(self._flush)

    def trace(self, groups: Sequence[TrainingGroup], step: int) -> None:
        """Log the first sample of the first groups as traces, with the reward and its parts as feedback.

        Args:
            groups: of the step; `tracking.traces` of them are logged.
            step: the step's number.
        """
        if self.run_id and self.traces:
            self._guard(lambda: log_traces(groups[: self.traces], step, self.run_id or "", self.experiment_id))

    def artifact(self, path: Path) -> None:
        """Attach a file of the run."""
        if self.run_id and path.is_file():
            self._guard(lambda: self._client().log_artifact(self.run_id, str(path)))

    def finish(self, status: str = "FINISHED") -> None:
        """Send what waits and end the MLflow run.

        Args:
            status: `FINISHED`, `FAILED` or `KILLED`.
        """
        if self.run_id:
            self._guard(self._flush)
            self._guard(lambda: self._client().set_terminated(self.run_id, status))

    def _start_alone(self, parameters: Mapping[str, Any]) -> None:
        """Start while no other run does, if they share a database file, since the first one makes its tables."""
        if not self.uri.startswith("sqlite:"):
            return self._start(parameters)
        with FileLock(self.run.path.parent / ".mlflow.lock", timeout=_LOCK_SECONDS):
            return self._start(parameters)

    def _start(self, parameters: Mapping[str, Any]) -> None:
        import mlflow

        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        mlflow.set_tracking_uri(self.uri)
        client = self._client()
        known = self.run.state().get("mlflow_run_id")
        if known:
            client.update_run(known, status="RUNNING")
            found = client.get_run(known)
            self.run_id, self.experiment_id = known, found.info.experiment_id
            self._logged = {key: self._last_step(key) for key in found.data.metrics}
            mlflow.set_experiment(experiment_id=self.experiment_id)
            return
        experiment = client.get_experiment_by_name(self.experiment)
        artifacts = (self.run.path.parent / "mlflow_artifacts").as_uri() if self.uri.startswith("sqlite:") else None
        self.experiment_id = experiment.experiment_id if experiment else client.create_experiment(self.experiment, artifacts)
        mlflow.set_experiment(experiment_id=self.experiment_id)
        started = client.create_run(self.experiment_id, run_name=self.run.path.name)
        self.run_id = started.info.run_id
        self.run.remember(mlflow_run_id=self.run_id, mlflow_uri=_without_password(self.uri))
        client.set_tag(self.run_id, "affectree.run_directory", str(self.run.path))
        entries = [mlflow.entities.Param(_key(k), str(v)[:6000]) for k, v in parameters.items()]
        for begin in range(0, len(entries), 100):
            client.log_batch(self.run_id, params=entries[begin : begin + 100])

    def _last_step(self, key: str) -> int:
        steps: list[int] = [point.step for point in self._client().get_metric_history(self.run_id, key)]
        return max(steps)

    def _collect(self, metrics: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        for name, value in metrics.items():
            key = _key(name)
            if math.isfinite(value) and step > self._logged.get(key, -1):
                self._waiting.append((key, float(value), now, step))
                self._logged[key] = step

    def _flush(self) -> None:
        import mlflow

        waiting, self._waiting = self._waiting, []
        for begin in range(0, len(waiting), 900):
            entries = [mlflow.entities.Metric(*entry) for entry in waiting[begin : begin + 900]]
            self._client().log_batch(self.run_id, metrics=entries)

    def _client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def _guard(self, call: Callable[[], None]) -> None:
        if not self.enabled:
            return
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever a tracking server does, it must not end a training run
            self.failures += 1
            if self.failures == 1:
                reason = _without_password(f"{self.uri} failed ({type(error).__name__}: {str(error)[:200]})")
                self.warn(
                    f"MLflow at {reason}; training goes on, metrics stay in {self.run.metrics_file}, and "
                    "`affectree track sync` sends them later"
                )


def resend(tracker: Tracker, run: RunDirectory) -> int:
    """Send the server what it does not have of metrics.jsonl, and return how many lines were looked at."""
    records = [r for r in run.metrics() if "step" in r]
    tracker.start({})
    for record in records:
        tracker.log(record["metrics"], record["step"], flush=False)
    tracker.finish()
    return len(records)


def _in_uri(path: Path) -> str:
    """A path as it stands in a database's URI. Only signs with a meaning there are quoted, since MLflow makes folders by the
    quoted name."""
    return re.sub(r"[%?#]", lambda sign: quote(sign[0]), str(path))


def _key(name: str) -> str:
    """A name with what MLflow does not allow replaced."""
    return _NOT_ALLOWED.sub("_", name)


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//***@", text)
