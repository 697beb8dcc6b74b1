"""A new MLflow run of a folder, with tags that say what it goes on with or comes of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from rl.record.runs.directory import RunDirectory
from rl.record.tracking.server import ACTIVE, DELETED, is_database_file, stage_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment


@dataclass(frozen=True)
class MlflowRun:
    """An MLflow run that a folder has, or has had."""

    run_id: str
    uri: str
    """Its server or database, without credentials."""
    experiment_id: str
    experiment: str
    """Name of the experiment that was asked for; the experiment's own may be another by now."""


@dataclass(frozen=True)
class Opened:
    """What a folder's MLflow run is from now on."""

    run: MlflowRun
    is_new: bool
    said: tuple[str, ...] = ()
    """Lines for the user, if it is not simply the one that it was."""


def new_run(
    client: MlflowClient, directory: RunDirectory, uri: str, experiment: str, former: MlflowRun | None, copied: bool
) -> Opened:
    """Make an MLflow run for a folder.

    Args:
        client: of the server or database.
        directory: the run's folder.
        uri: of the server or database, without credentials.
        experiment: name of the experiment that is asked for.
        former: the MLflow run that the folder had last.
        copied: whether that one is of the folder that this one is a copy of.
    """
    found = living_experiment(client, directory, uri, experiment)
    said = []
    if found.name != experiment:
        said.append(
            f"MLflow's experiment {experiment!r} is deleted, and its name is taken until it is restored or purged: "
            f"the run is in {found.name!r}"
        )
    parent = directory.state().get("parent") or {}
    tags = {"affectree.run_directory": str(directory.path), **_parent_tags(client, parent, found.experiment_id)}
    if former is not None:
        tags["affectree.copy_of" if copied else "affectree.continues"] = f"{former.uri} {former.run_id}"
    first = next(directory.metrics.lines(), {}).get("time")
    began = None if first is None else round(first * 1000)
    run_id = client.create_run(found.experiment_id, began, tags, directory.path.name).info.run_id
    if former is not None:
        said.append(f"{_what_became_of(client, former, uri, copied)}: its MLflow run is {run_id} now, which is told all of it")
    return Opened(MlflowRun(run_id, uri, found.experiment_id, experiment), True, tuple(said))


def _what_became_of(client: MlflowClient, former: MlflowRun, uri: str, copied: bool) -> str:
    """The reason why a folder has another MLflow run than it had, as a clause about the run."""
    if copied:
        return f"this folder is a copy of that of MLflow run {former.run_id}"
    stage = stage_of(client, former.run_id)
    if stage == DELETED:
        return f"the run was MLflow run {former.run_id}, which is deleted"
    if stage == ACTIVE:
        return f"the run was MLflow run {former.run_id} in the experiment {former.experiment!r}"
    return f"the run was MLflow run {former.run_id} at {former.uri}, of which {uri} does not know"


def living_experiment(client: MlflowClient, directory: RunDirectory, uri: str, name: str) -> Experiment:
    """The experiment of this name, which is made if there is none; of `NAME (2)`, `NAME (3)` … while one is deleted."""
    from mlflow.exceptions import MlflowException

    artifacts = (directory.path.parent / "mlflow_artifacts").as_uri() if is_database_file(uri) else None
    for number in count(1):
        numbered = name if number == 1 else f"{name} ({number})"
        if client.get_experiment_by_name(numbered) is None:
            try:
                client.create_experiment(numbered, artifacts)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":  # which another run has made meanwhile
                    raise
        found = client.get_experiment_by_name(numbered)
        if found is not None and found.lifecycle_stage == ACTIVE:
            return found
    raise AssertionError("numbers do not end")


def _parent_tags(client: MlflowClient, parent: Mapping[str, Any], experiment_id: str) -> dict[str, str]:
    """Tags of a fork, with the one that makes MLflow show it below its parent where both are in one experiment."""
    if not parent:
        return {}
    known = parent.get("mlflow_run_id")
    tags = {"affectree.parent_run": known or parent["path"], "affectree.parent_step": str(parent["step"])}
    tags["affectree.parent_phase"] = parent["phase"]
    if known and stage_of(client, known) == ACTIVE and client.get_run(known).info.experiment_id == experiment_id:
        tags["mlflow.parentRunId"] = known
    return tags
