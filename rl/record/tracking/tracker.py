"""The MLflow run of a folder, as whoever trains or evaluates uses it.

metrics.jsonl is written first and is the source of truth. If MLflow fails, that is told once, every failure is counted, and the
run goes on; what MLflow lacks is sent at the end of the run, when it is gone on with, and by `affectree track sync RUN`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import RunLost
from rl.record.tracking.artifacts import attach_missing
from rl.record.tracking.catching_up import Sent, catch_up
from rl.record.tracking.ending import Ending
from rl.record.tracking.identity import open_run
from rl.record.tracking.names import Names
from rl.record.tracking.parameters import changes
from rl.record.tracking.points import Finite, Point, points_of
from rl.record.tracking.sending import Target, send_points, send_settings
from rl.record.tracking.server import connect, database_beside, is_database_file, without_password
from rl.record.tracking.traces import log_trace, traced_of_groups
from rollout.samples import TrainingGroup

_LOCK_SECONDS = 120.0
_FLUSH_AT = 400
"""So many values are sent together."""
_REST_SECONDS, _LONGEST_REST_SECONDS = 60.0, 600.0
"""After a failure MLflow is left alone for so long, after each further one for twice as long, since a server that does not
answer keeps each call waiting."""


class Tracker:
    """One MLflow run. No method raises what MLflow does, whether or not it is there. Threads may share it."""

    def __init__(self, config: Config, directory: RunDirectory, warn: Callable[[str], None], remedy: str = "") -> None:
        """
        Args:
            config: of the run; `tracking` says whether and where to log.
            directory: its folder, which keeps the ids of its MLflow runs.
            warn: prints lines about failures, names and values.
            remedy: what brings MLflow up to date after a failure, as the line says it; empty for `track sync`.
        """
        self.directory = directory
        self.failures = 0
        self.uri = config.tracking.uri or database_beside(directory.path)
        self.sent = Sent()
        """What MLflow lacked."""
        self._settings = config.tracking
        self._warn = warn
        self._remedy = remedy or f"`affectree track sync {directory.path}` sends what is missing"
        self._names, self._is_finite = Names(warn), Finite(warn)
        self._parameters: Mapping[str, Any] | None = None
        self._target: Target | None = None
        self._waiting: list[Point] = []
        self._rests_until = 0.0
        self._has_all = False
        self._lock = threading.RLock()

    @property
    def run_id(self) -> str | None:
        """The MLflow run's id; None while there is none, or the server has failed."""
        return self._target.run_id if self._target else None

    def start(self, parameters: Mapping[str, Any]) -> None:
        """Go on with the MLflow run of the folder, or begin one, and send the settings that it lacks.

        Args:
            parameters: what the run was begun with, as flat names and values.
        """
        self._parameters = parameters
        self._guard(lambda target: None)

    def running(self) -> None:
        """Say that the run goes on."""
        self._guard(lambda target: target.client.update_run(target.run_id, status="RUNNING"))

    def catch_up(self) -> None:
        """Send all that MLflow lacks of what the folder holds."""
        self._rests_until = 0.0
        self._guard(self._catch_up)

    def log(self, line: Mapping[str, Any], flush: bool = True) -> None:
        """Log all values of a line of metrics.jsonl.

        Args:
            line: as it stands there, with its time.
            flush: send them now; otherwise they wait until there are 400, or for the next call with it.
        """
        with self._lock:
            if self._is_on() and not self._rests():
                self._waiting += filter(self._is_finite, points_of(line))
                if flush or len(self._waiting) >= _FLUSH_AT:
                    self._guard(self._flush)

    def trace(self, groups: Sequence[TrainingGroup], line: Mapping[str, Any]) -> None:
        """Log the first sample of the first groups as traces, with the reward and its parts as feedback.

        Args:
            groups: of the step; `tracking.traces` of them are logged.
            line: the step's line of metrics.jsonl.
        """
        if self._settings.traces:
            self._guard(lambda target: self._trace(target, groups[: self._settings.traces], line))

    def attach(self, *files: Path) -> None:
        """Attach files that MLflow does not have as they are now."""
        self._guard(lambda target: attach_missing(target.client, target.run_id, files))

    def finish(self, ending: Ending | None) -> None:
        """Send what waits, and say how the run ended if it has."""
        self._guard(self._flush)
        if ending is not None:
            self._guard(lambda target: _end(target, ending))
        if self.failures:
            now = "it has everything now" if self._has_all else self._remedy
            self._warn(f"MLflow failed {self.failures} time{'s' * (self.failures > 1)} in all; {now}")

    def _is_on(self) -> bool:
        return self._settings.mlflow and self._parameters is not None

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _guard(self, call: Callable[[Target], object]) -> None:
        """Do something with the MLflow run, which is opened first if it is not, or if MLflow has failed since."""
        with self._lock:
            if not self._is_on() or self._rests():
                return
            try:
                self._target = self._target or self._open()
                call(self._target)
            except RunLost:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a tracking server does, it must not end a training run
                self.failures += 1
                self._target, self._waiting, self._has_all = None, [], False
                self._rests_until = time.monotonic() + min(_REST_SECONDS * 2 ** min(self.failures - 1, 9), _LONGEST_REST_SECONDS)
                if self.failures == 1:
                    reason = without_password(f"{self.uri} failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})")
                    self._warn(f"MLflow at {reason}; all is kept in {self.directory.path}, and {self._remedy}")

    def _open(self) -> Target:
        """Open the run while no other one does, if they share a database file, since the first one makes its tables."""
        if not is_database_file(self.uri):
            return self._open_alone()
        with FileLock(self.directory.path.parent / ".mlflow.lock", timeout=_LOCK_SECONDS):
            return self._open_alone()

    def _open_alone(self) -> Target:
        client = connect(self.uri)
        opened = open_run(client, self.directory, self.uri, self._settings.experiment)
        for line in opened.said:
            self._warn(line)
        target = Target(client, opened.run.run_id, opened.run.experiment_id, self._names, self._is_finite)
        parameters, tags = send_settings(target, self._parameters or {}, changes(self.directory))
        self.sent += Sent(parameters=parameters, tags=tags)
        return target

    def _catch_up(self, target: Target) -> None:
        self._flush(target)
        self.sent += catch_up(target, self.directory, self._settings.traces)
        self._has_all = True

    def _flush(self, target: Target) -> None:
        waiting, self._waiting = self._waiting, []
        send_points(target, waiting)

    def _trace(self, target: Target, groups: Sequence[TrainingGroup], line: Mapping[str, Any]) -> None:
        milliseconds = next((point.milliseconds for point in points_of(line)), None)
        for traced in traced_of_groups(groups):
            log_trace(traced, line["step"], milliseconds, target.run_id, target.experiment_id)


def _end(target: Target, ending: Ending) -> None:
    if target.client.get_run(target.run_id).info.status != ending.status:
        target.client.set_terminated(target.run_id, ending.status, round(ending.time * 1000))
