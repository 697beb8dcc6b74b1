"""What a configuration names outside of itself: folders, files, models, a tracking server, a cluster."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from rewards.errors import did_you_mean
from rewards.files import why_unreadable
from rl.config.model_check import checkpoint_problem, folder_problem, is_folder_name
from rl.config.schema import Config

SPLITS = ("train", "val", "test")
_TRACKERS = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "file", "databricks", "databricks-uc", "uc")
"""Schemes that MLflow knows; packages bring others."""
_CREDENTIALS = re.compile(r"://[^/]*@|[?&;](password|pwd|token)=", re.IGNORECASE)
_CLUSTER = re.compile(r"(ray://)?(\[[0-9a-fA-F:]+\]|[^\s:/@]+):(\d{1,5})")


def address_problems(config: Config) -> Iterator[str]:
    """A line for each name or address that cannot be one. Whether an address answers is not tried."""
    if "/" in config.name or not config.name.strip(". "):
        yield f"name = {config.name!r}: must be a name without /, since the run's folder is called so; its place is `runs`"
    uri = config.tracking.uri or ""
    scheme, colon, _ = uri.partition(":")
    if _CREDENTIALS.search(uri):
        yield (
            "tracking.uri = '…': must hold no credentials, since the config is saved; set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD"
        )
    elif colon and scheme.partition("+")[0] not in (known := [*_TRACKERS, *_further_trackers()]):
        hint = "; write http:// before it" if "://" not in uri else did_you_mean(scheme, known)
        yield f"tracking.uri = {uri!r}: MLflow has no store of the scheme {scheme!r}; use one of {', '.join(known)}{hint}"
    if config.cluster.address and (problem := _cluster_problem(config.cluster.address)):
        yield f"cluster.address = {config.cluster.address!r}: {problem}"


def environment_problems(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each address from the environment that cannot be one."""
    named = environ.get("RAY_ADDRESS")
    if named and not config.cluster.address and (problem := _cluster_problem(named)):
        yield f"the variable RAY_ADDRESS = {named!r}: {problem}, or unset it"


def file_problems(config: Config) -> Iterator[str]:
    """A line for each file, folder or model that is named and not there."""
    model, data = config.model, config.data
    if model.init == "checkpoint" and model.path and is_folder_name(model.path):
        problem = folder_problem(Path(model.path).expanduser())
        if problem:
            yield f"model.path = {model.path!r}: {problem}"
    judge = config.rewards.judge
    if judge is not None and judge.model and is_folder_name(judge.model):
        problem = checkpoint_problem(Path(judge.model).expanduser())
        if problem:
            yield f"rewards.judge.model = {judge.model!r}: {problem}"
    for split in SPLITS:
        named = getattr(data, split)
        if named is not None and (problem := _file_problem(Path(named))):
            yield f"data.{split} = {named!r}: {problem}"
    folder = Path(data.directory)
    if folder.exists() and not folder.is_dir() and not all(getattr(data, split) for split in SPLITS):
        yield f"data.directory = {data.directory!r}: is a file; name the folder of train, val and test, or set data.train etc."
    elif data.faces is None and data.train is None and not any(folder.glob("train.*")):
        advice = "check the path, or set data.faces to draw one"
        found = "holds no train.jsonl" if folder.is_dir() else f"no such folder{_sibling(folder)}"
        yield f"data.directory = {data.directory!r}: {found}; {advice}"
    if data.media_root and not Path(data.media_root).is_dir():
        yield f"data.media_root = {data.media_root!r}: no such folder; check the path"


def _file_problem(file: Path) -> str | None:
    if file.is_file():
        return None if os.access(file, os.R_OK) else why_unreadable(file, PermissionError())
    return why_unreadable(file, IsADirectoryError() if file.is_dir() else FileNotFoundError())


def _sibling(folder: Path) -> str:
    beside = [str(other) for other in folder.parent.iterdir() if other.is_dir()] if folder.parent.is_dir() else []
    return did_you_mean(str(folder), beside)


def _cluster_problem(address: str) -> str | None:
    if address in ("auto", "local"):
        return None
    found = _CLUSTER.fullmatch(address)
    if found and 0 < int(found[3]) < 65536:
        return None
    jobs = "; http:// is where jobs are submitted" if address.startswith("http") else did_you_mean(address, ("auto", "local"))
    return f"must be host:port or ray://host:port of a Ray head, auto or local{jobs}"


def _further_trackers() -> list[str]:
    return [point.name for point in entry_points(group="mlflow.tracking_store")]
