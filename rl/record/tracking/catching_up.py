"""MLflow is told what it lacks of a run's folder. What it has is found by asking it, not by notes of ours, which may be wrong."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rl.record.runs.directory import RunDirectory
from rl.record.tracking.artifacts import attach_missing, attached_files
from rl.record.tracking.identity import known_runs
from rl.record.tracking.missing_points import send_missing_points
from rl.record.tracking.missing_traces import send_missing_traces
from rl.record.tracking.sending import Target
from rl.record.tracking.server import DELETED, stage_of


@dataclass(frozen=True)
class Sent:
    """How much MLflow lacked, and was sent."""

    parameters: int = 0
    tags: int = 0
    values: int = 0
    traces: int = 0
    files: int = 0

    def __add__(self, other: Sent) -> Sent:
        return Sent(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __str__(self) -> str:
        counts = [(getattr(self, one.name), one.name) for one in fields(self)]
        return ", ".join(f"{count} {name}" for count, name in counts if count) or "nothing"


def catch_up(target: Target, directory: RunDirectory, groups: int) -> Sent:
    """Send what MLflow lacks of a run's values, traces and files. A second call sends nothing.

    Args:
        target: its MLflow run.
        directory: its folder.
        groups: so many groups of each step are traced.

    Raises:
        MlflowException: if the server fails.
        RunError: if a file of the run cannot be read.
    """
    values = send_missing_points(target, directory)
    traces = send_missing_traces(target, directory, groups, _deleted(target, directory))
    files = attach_missing(target.client, target.run_id, attached_files(directory))
    return Sent(values=values, traces=traces, files=files)


def _deleted(target: Target, directory: RunDirectory) -> list[str]:
    """Ids of deleted MLflow runs of the folder that are in the same experiment."""
    runs = [run.run_id for run in known_runs(directory.state(), "") if run.experiment_id == target.experiment_id]
    return [run_id for run_id in runs if run_id != target.run_id and stage_of(target.client, run_id) == DELETED]
