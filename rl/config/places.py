"""What a configuration names outside of itself: folders, files, models, a tracking server, a cluster."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from rewards.errors import did_you_mean
from rewards.files import why_unreadable
from rl.config.data_sets import data_sets
from rl.config.model_check import checkpoint_problem, folder_problem, is_folder_name
from rl.config.paths import Written
from rl.config.schema import Config
from rollout.rows.data_set import DataSet
from rollout.rows.files import SPLITS, named_files, split_files
from rollout.rows.row import RowError

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
    for name in config.data.sets:
        if any(sign in name for sign in "/*?[|"):
            yield f"data.sets.{name}: must be a name without / * ? [ and |, which mixes read otherwise"
    for key, value, problem in _lacking(config, config.data.faces is not None):
        yield f"{key} = {'null' if value is None else repr(value)}: {problem}"


def gone(config: Config, written: Mapping[str, Written], again: str) -> Iterator[str]:
    """A line for each place of a run that is not there any more. Nothing is drawn for a run that has begun.

    Args:
        config: the run's.
        written: how its places were given, by their dotted keys.
        again: the command that can be told where they are now, such as `affectree train --resume RUN`.
    """
    for key, value, problem in _lacking(config, drawn=False):
        given = f" ({written[key]})" if key in written and written[key].path == value else ""
        yield f"{key} = {value!r}{given}: {problem.partition('; ')[0]}; put it back, or say where it is now: {again} {key}=…"


def _lacking(config: Config, drawn: bool) -> Iterator[tuple[str, str | None, str]]:
    """(dotted key, value, what is wrong and what to do) of each file, folder or model that is named and not there.

    Args:
        config: the whole configuration.
        drawn: whether a data set is drawn into its folder if that has no rows.
    """
    model, judge = config.model, config.rewards.judge
    trained = model.path if model.init == "checkpoint" else None
    asked = judge.model if judge else None
    for key, named, look in (("model.path", trained, folder_problem), ("rewards.judge.model", asked, checkpoint_problem)):
        if named and is_folder_name(named) and (problem := look(Path(named).expanduser())):
            yield key, named, problem
    for one in data_sets(config.data):
        yield from _data_lacking(one, drawn)


def _data_lacking(one: DataSet, drawn: bool) -> Iterator[tuple[str, str | None, str]]:
    """What `_lacking` yields of a data set."""
    for split, named in one.named.items():
        if problem := _named_problem(named):
            yield f"{one.key}.{split}", named, problem
    key, folder, directory = f"{one.key}.directory", one.directory, str(one.directory)
    if folder is None:
        if "train" not in one.named:
            yield key, None, f"must be a folder, unless {one.key}.train names the training rows"
    elif folder.exists() and not folder.is_dir() and not all(split in one.named for split in SPLITS):
        yield key, directory, f"is a file; name the folder of train, val and test, or set {one.key}.train etc."
    elif "train" not in one.named and (one.name or not drawn) and not _has_train(folder):
        advice = "check the path" if one.name else "check the path, or set data.faces to draw one"
        found = "holds no train.jsonl" if folder.is_dir() else f"no such folder{_sibling(folder)}"
        yield key, directory, f"{found}; {advice}"
    root = one.reading.media_root
    if root and not root.is_dir():
        yield f"{one.key}.media_root", str(root), "no such folder; check the path"


def _has_train(folder: Path) -> bool:
    """Whether a folder has training rows, or a file that is called so: what it lacks is told when it is read."""
    return any(folder.glob("train*")) or split_files(folder, "train") is not None


def _named_problem(named: str) -> str | None:
    """What is wrong with the name of a split's files."""
    try:
        files = named_files(named)
    except RowError as error:
        return str(error).removeprefix(f"{named}: ")
    closed = next((file for file in files if not os.access(file, os.R_OK)), None)
    return why_unreadable(closed, PermissionError()) if closed else None


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
