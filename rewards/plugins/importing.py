"""Modules of strangers, from their texts or as they are installed. What goes wrong on import is told with its line.

`what` is what errors call the thing, such as `scorer 'mine'` or `advantage estimator`.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import linecache
import os
import re
import sys
import traceback
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rewards.plugins.neighbours import Neighbour
from rewards.plugins.spec import NotInstalled, PluginError, Source
from rewards.plugins.variables import unset_variable, without_secrets

MODULES = "AFFECTREE_MODULES"
"""The variable with the folders in which modules are looked for after the working directory, such as the one that a run was begun
in; workers are given it."""


def from_text(what: str, source: Source) -> types.ModuleType:
    """A module from its text; tracebacks and `inspect` see the text as if it had been read from its file.

    Its neighbours are imported from their texts too, under names of this module's own: two files may each have their `helper`.
    """
    look_in_working_directory()
    name = f"affectree_plugin_{source.sha256[:12]}"
    _forget(name)
    texts = _Texts(name, source.neighbours)
    module = types.ModuleType(name)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up by name
    if source.neighbours:
        module.__path__, module.__package__ = [], name  # so that they are modules within it
        sys.meta_path.insert(0, texts)
    try:
        texts.run(module, source.path, source.text)
    except (Exception, SystemExit) as error:
        _forget(name)
        raise kind_of(error)(f"{what}: file {source.path} cannot be imported: {import_problem(error, source)}") from error
    return module


def _forget(name: str) -> None:
    """Take a module and its neighbours out of those that are imported."""
    sys.meta_path[:] = [one for one in sys.meta_path if getattr(one, "root", None) != name]
    for one in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
        del sys.modules[one]


def from_module(what: str, name: str) -> types.ModuleType:
    """A module by its dotted name: an installed one, or one of the working directory."""
    look_in_working_directory()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise kind_of(error)(f"{what}: module {name} cannot be imported: {import_problem(error)}") from error


def kind_of(error: BaseException) -> type[PluginError]:
    """The kind of error that tells why an import failed."""
    return NotInstalled if isinstance(error, ModuleNotFoundError) else PluginError


def look_in_working_directory() -> None:
    """Have modules of the working directory found, after those that are installed; then those of folders in AFFECTREE_MODULES."""
    for folder in _folders():
        if folder not in sys.path and not (folder == str(Path.cwd()) and "" in sys.path):
            sys.path.append(folder)


def also_look_in(folder: str) -> None:
    """Have modules of a folder found after those of the working directory, here and in processes that this one starts."""
    if folder not in _folders():
        os.environ[MODULES] = os.pathsep.join([*_folders()[1:], folder])


def folder_of(name: str) -> str | None:
    """The working directory, or a folder of AFFECTREE_MODULES, if a module of this name lies there; None for others."""
    top = name.partition(".")[0]
    return next((one for one in _folders() if Path(one, top).is_dir() or Path(one, f"{top}.py").is_file()), None)


def _folders() -> list[str]:
    return [str(Path.cwd()), *filter(None, os.environ.get(MODULES, "").split(os.pathsep))]


def import_problem(error: BaseException, source: Source | None = None) -> str:
    """Why an import failed, in which line of the stranger's own text, and what to do."""
    if isinstance(error, ModuleNotFoundError):
        missing = re.sub(r"affectree_plugin_\w+\.", "", str(error))
        return f"{missing}; install it on every node, or check the name"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in line {error.lineno}: {error.msg}; mend the file"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return f"{error}; name it as package.module:function, with its package in the working directory or installed"
    texts = {source.path: "", **{one.path: f" of {Path(one.path).name}" for one in source.neighbours}} if source else {}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in texts]
    line = f" in line {frames[-1].lineno}{texts[frames[-1].filename]}" if frames else ""
    if unset := unset_variable(error):
        return f"KeyError{line}: {unset}"
    return f"{type(error).__name__}{line}: {without_secrets(str(error))}; mend what runs on import"


class _Texts(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and runs the neighbours of a text as modules within it."""

    def __init__(self, root: str, neighbours: Sequence[Neighbour]) -> None:
        self.root = root
        self.neighbours = {one.name: one for one in neighbours}

    def run(self, module: types.ModuleType, path: str, text: str) -> None:
        """Run a text as a module, whose imports find the neighbours."""
        module.__file__ = path
        if self.neighbours:
            module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        one = self.neighbours.get(name.removeprefix(f"{self.root}.")) if name.startswith(f"{self.root}.") else None
        return importlib.machinery.ModuleSpec(name, self, is_package=one.is_package) if one else None

    def exec_module(self, module: types.ModuleType) -> None:
        one = self.neighbours[module.__name__.removeprefix(f"{self.root}.")]
        self.run(module, one.path, one.text)

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """Python's `__import__`, for which a neighbour comes before an installed module of its name."""
        top = name.partition(".")[0]
        if level or top not in self.neighbours:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = importlib.import_module(f"{self.root}.{name}")
        for item in fromlist or ():
            if f"{name}.{item}" in self.neighbours:
                importlib.import_module(f"{self.root}.{name}.{item}")
        return module if fromlist else sys.modules[f"{self.root}.{top}"]
