"""Settings that name files and folders, by absolute paths: a run can then be gone on with, and looked at, from any folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import escape, has_magic
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rl.config.keys import Key, settings_of
from rl.config.model_check import is_folder_name
from rl.config.schema import Config

_STORE = re.compile(r"(sqlite(?:\+\w+)?:///|file:)(?!/)(.+)")
"""The address of MLflow's own store at a relative path: its beginning, and the path."""
_SERVICES = ("databricks", "databricks-uc", "uc")
"""What MLflow takes for a service where an address has no scheme."""


@dataclass(frozen=True)
class Written:
    """How a path was given."""

    word: str
    """As in the configuration or on the command line."""
    where: str
    """The working directory, from which it starts."""
    path: str
    """What that is as an absolute path."""

    def __str__(self) -> str:
        return f"given as {self.word} in {self.where}"


def absolute(config: Config, where: Path) -> Config:
    """A configuration with absolute paths wherever it names a file or a folder; names of the hub, modules and what ships stay.

    Args:
        config: the configuration; it is not changed.
        where: the folder that relative paths start from.
    """
    found = deepcopy(config)
    for key, path in _absolute_paths(config, where):
        _put(found, key, path)
    return found


def written(config: Config, where: Path) -> dict[str, Written]:
    """How the settings were given that `absolute` changes, by their dotted keys."""
    return {".".join(key): Written(_get(config, key), str(where), path) for key, path in _absolute_paths(config, where)}


def _absolute_paths(config: Config, where: Path) -> Iterator[tuple[Key, str]]:
    """(key, absolute path) of all that is named by a relative one."""
    for setting in settings_of(config):
        dotted = ".".join(setting.key)
        make = next((make for pattern, make in _NAMES.items() if fnmatch(dotted, pattern)), None)
        if make and isinstance(setting.value, str) and setting.value and (path := make(setting.value, where)) != setting.value:
            yield setting.key, path
    for name, scorer in config.rewards.scorers.items():
        if not scorer.spec and (path := _function(name, where)) != name:
            yield ("rewards", "scorers", name, "spec"), path
        judge = scorer.parameters.get("judge")
        cache = judge.get("cache") if isinstance(judge, Mapping) else None
        if isinstance(cache, str) and cache and (path := _path(cache, where)) != cache:
            yield ("rewards", "scorers", name, "parameters", "judge", "cache"), path


def _path(name: str, where: Path) -> str:
    return name if Path(name).is_absolute() else str(Path(*_parts(name, where)))


def _rows(name: str, where: Path) -> str:
    """A file, a folder, or a pattern of paths; signs of patterns in `where` stand for themselves."""
    if Path(name).is_absolute() or not has_magic(name) or (where / name).exists():
        return _path(name, where)
    above, below = _parts(name, where)
    return f"{escape(str(above))}/{below}"


def _parts(name: str, where: Path) -> tuple[Path, Path]:
    """The folder that a path starts from, and the path from there. A working directory has no links in it, so that each `..` at
    the beginning means its parent."""
    below = Path(name)
    while below.parts[:1] == ("..",):
        where, below = where.parent, Path(*below.parts[1:])
    return where, below


def _function(target: str, where: Path) -> str:
    """`file.py:function`; the name of what ships, or of a module's function, stays."""
    file, colon, function = target.rpartition(":")
    return f"{_path(file, where)}:{function}" if colon and file.endswith(".py") else target


def _model(name: str, where: Path) -> str:
    """The folder of a checkpoint; a name of the hub stays."""
    return _path(str(Path(name).expanduser()), where) if is_folder_name(name, where) else name


def _store(uri: str, where: Path) -> str:
    """The address of a tracking server or store."""
    if (found := _STORE.fullmatch(uri)) and not found[2].startswith(":memory:"):
        folder = re.sub(r"[%?#]", lambda sign: quote(sign[0]), str(where))
        return f"{found[1]}{'//' if found[1] == 'file:' else ''}{_path(found[2], Path(folder))}"
    return uri if ":" in uri or uri in _SERVICES else _path(uri, where)


_NAMES: Mapping[str, Callable[[str, Path], str]] = {
    "runs": _path,
    **{
        f"{section}.{name}": make
        for section in ("data", "data.sets.*")
        for name, make in {
            "directory": _path,
            **dict.fromkeys(("train", "val", "test"), _rows),
            "media_root": _path,
            "format": _function,
        }.items()
    },
    **dict.fromkeys(("grpo.estimator", "grpo.credit", "grpo.loss", "rollout.transfer", "rewards.scorers.*.spec"), _function),
    **dict.fromkeys(("model.path", "rewards.judge.model"), _model),
    "tracking.uri": _store,
}
"""Pattern of a dotted key -> what makes its value absolute."""


def _get(config: Config, key: Key) -> str:
    """The value at a key; of a scorer that is found by its name, the name."""
    found: Any = config
    for part in key:
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    return str(found or key[-2])


def _put(config: Config, key: Key, value: str) -> None:
    found: Any = config
    for part in key[:-1]:
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    if isinstance(found, dict):
        found[key[-1]] = value
    else:
        setattr(found, key[-1], value)
