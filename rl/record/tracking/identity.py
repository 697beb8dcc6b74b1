"""Which MLflow run a folder belongs to: the one that it had, as long as that is there, else a new one that names it.

A run that somebody has deleted is not brought back, and neither is a deleted experiment, whose name MLflow keeps taken until it
is restored or purged: the run goes into `NAME (2)`. `run.json` keeps every MLflow run that a folder has had, so that one that is
there again, in a restored experiment or on an earlier server, is gone on with: the earliest of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rl.record.runs.directory import RunDirectory
from rl.record.runs.place import is_copy, settled
from rl.record.tracking.new_run import MlflowRun, Opened, new_run
from rl.record.tracking.server import ACTIVE, stage_of, without_password

if TYPE_CHECKING:
    from mlflow import MlflowClient

_DIRECTORY = "affectree.run_directory"


def open_run(client: MlflowClient, directory: RunDirectory, uri: str, experiment: str) -> Opened:
    """Find the MLflow run of a folder, or make one, and keep it in `run.json`.

    Args:
        client: of the server or database.
        directory: the run's folder.
        uri: of the server or database.
        experiment: name of the experiment that is asked for.

    Raises:
        MlflowException: if the server fails.
    """
    state, copied = directory.state(), is_copy(directory)
    had = known_runs(state, experiment)
    former = next((run for run in had if run.run_id == state.get("mlflow_run_id")), None)
    known = [] if copied else had
    run = next((one for one in known if one.experiment == experiment and stage_of(client, one.run_id) == ACTIVE), None)
    if run is not None:
        here = replace(run, uri=without_password(uri))  # it may have moved with its database
        known = [here if one == run else one for one in known]
        opened = Opened(here, False, _again(run, former))
        if client.get_run(run.run_id).data.tags.get(_DIRECTORY) != str(directory.path):
            client.set_tag(run.run_id, _DIRECTORY, str(directory.path))
    else:
        opened = new_run(client, directory, without_password(uri), experiment, former, copied)
    kept = [asdict(one) for one in ([*known, opened.run] if opened.is_new else known)]
    facts = {"mlflow_run_id": opened.run.run_id, "mlflow_uri": opened.run.uri, "mlflow_runs": kept}
    if "place" in state:
        facts |= settled(directory)
    if any(state.get(key) != value for key, value in facts.items()):
        directory.remember(**facts)
    return opened


def known_runs(state: Mapping[str, Any], experiment: str) -> list[MlflowRun]:
    """All MLflow runs that a folder has had, the earliest first.

    Args:
        state: contents of its `run.json`.
        experiment: what a run was asked to be in whose folder does not say so.
    """
    if "mlflow_runs" not in state and "mlflow_run_id" in state:
        return [MlflowRun(state["mlflow_run_id"], state.get("mlflow_uri", ""), "", experiment)]
    return [MlflowRun(**run) for run in state.get("mlflow_runs", [])]


def _again(run: MlflowRun, former: MlflowRun | None) -> tuple[str, ...]:
    if former is None or run.run_id == former.run_id:
        return ()
    return (f"MLflow run {run.run_id} is there again: going on with it, and no more with {former.run_id}",)
