"""MLflow, fed from what the run directory already holds, and never in the way of the run.

metrics.jsonl is the source of truth and is written first. A tracking server that fails is reported once,
every failure is counted, and training goes on; `affectree track sync RUN` sends what is missing later.
"""

from __future__ import annotations

import logging
import math
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from rl.config.schema import Config
from rl.record.directory import RunDirectory
from rl.record.metrics import ScoredStep

# MLflow's own defaults let a dead server block each call for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")

_LOCK_SECONDS = 120.0
_NOT_ALLOWED = re.compile(r"[^\w\-. /]")


class Tracker:
    """One MLflow run. Every public method is safe to call whether or not the server is there."""

    def __init__(self, config: Config, run: RunDirectory, warn: Callable[[str], None]) -> None:
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
        """Open the MLflow run, or go on with the one that this run directory belongs to."""
        self._guard(lambda: self._start_alone(parameters))

    def log(self, metrics: Mapping[str, float], step: int, flush: bool = True) -> None:
        """Log one value of each metric; a step that the server already has is not sent again.

        Without `flush` the values wait until there are many, or until the next call with it.
        """
        if self.run_id:
            self._collect(metrics, step)
            if flush or len(self._waiting) >= 400:
                self._guard(self._flush)

    def trace(self, scored: ScoredStep, step: int) -> None:
        """Log a few rollouts as traces, with the reward's parts as feedback."""
        if self.run_id and self.traces:
            self._guard(lambda: self._trace(scored, step))

    def artifact(self, path: Path) -> None:
        """Attach a file of the run."""
        if self.run_id and path.is_file():
            self._guard(lambda: self._client().log_artifact(self.run_id, str(path)))

    def finish(self, status: str = "FINISHED") -> None:
        if self.run_id:
            self._guard(self._flush)
            self._guard(lambda: self._client().set_terminated(self.run_id, status))

    def _start_alone(self, parameters: Mapping[str, Any]) -> None:
        """One run after the other, where they share a database file: the first one makes it."""
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
        return max(point.step for point in self._client().get_metric_history(self.run_id, key))

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

    def _trace(self, scored: ScoredStep, step: int) -> None:
        import mlflow

        for group, rewards, advantages in list(zip(scored.groups, scored.rewards, scored.advantages, strict=True))[: self.traces]:
            sample, reward, advantage = group.samples[0], rewards[0], advantages[0]
            row = group.prompt.row
            span = mlflow.start_span_no_context(
                name="rollout",
                inputs={"prompt": row.question, "media": [medium.path for medium in row.media], "gold": row.tree or row.answer},
                attributes={"step": step, "version": sample.version, "task": row.task, "advantage": advantage},
                tags={"affectree.step": str(step), "affectree.task": row.task},
                metadata={"mlflow.sourceRun": self.run_id or ""},
                experiment_id=self.experiment_id,
            )
            span.set_outputs({"completion": sample.text, "reward": reward.value})
            span.end()
            for name, value in {"reward": reward.value, **reward.parts}.items():
                if value is not None:
                    mlflow.log_feedback(trace_id=span.trace_id, name=name, value=float(value))

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
    """Send every step of metrics.jsonl that the server does not have. Returns the steps that were looked at."""
    records = [r for r in run.metrics() if "step" in r]
    tracker.start({})
    for record in records:
        tracker.log(record["metrics"], record["step"], flush=False)
    tracker.finish()
    return len(records)


def _in_uri(path: Path) -> str:
    """A path in a database's URI. Only what would end or change it is quoted: MLflow makes folders by the quoted name."""
    return re.sub(r"[%?#]", lambda sign: quote(sign[0]), str(path))


def _key(name: str) -> str:
    return _NOT_ALLOWED.sub("_", name)


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//***@", text)
