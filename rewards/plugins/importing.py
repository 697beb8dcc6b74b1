"""Modules and entry points of strangers. What goes wrong on import is a mistake of theirs, told with its line.

`what` is what errors call the thing, such as `scorer 'mine'` or `advantage estimator`.
"""

from __future__ import annotations

import importlib
import linecache
import sys
import traceback
import types
from importlib.metadata import entry_points
from typing import Any

from rewards.errors import did_you_mean
from rewards.plugins.spec import PluginError, Source

ENTRY_POINT_GROUP = "affectree.scorers"


def from_entry_point(what: str, name: str) -> Any:
    """The scorer that an installed package offers under a name."""
    from rewards import scorers  # here, since it brings numba, which the process of a stranger's scorer must not load

    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        known = sorted({*scorers.__all__, *found})
        hint = did_you_mean(name, known) or f"; use one of {', '.join(known)}, or file.py:function, or module:function"
        raise PluginError(f"scorer {name!r} is not known{hint}")
    try:
        return found[name].load()
    except (Exception, SystemExit) as error:
        where = f"entry point {name!r} ({found[name].value})"
        raise PluginError(f"{what}: {where} cannot be imported: {import_problem(error)}") from error


def from_text(what: str, source: Source) -> types.ModuleType:
    """A module from its text; tracebacks and `inspect` see the text as if it had been read from its file."""
    name = f"affectree_plugin_{source.sha256[:12]}"
    module = types.ModuleType(name)
    module.__file__ = source.path
    linecache.cache[source.path] = (len(source.text), None, source.text.splitlines(keepends=True), source.path)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up by name
    try:
        exec(compile(source.text, source.path, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"{what}: file {source.path} cannot be imported: {import_problem(error, source)}") from error
    return module


def from_module(what: str, name: str) -> types.ModuleType:
    """An installed module, by its dotted name."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise PluginError(f"{what}: module {name} cannot be imported: {import_problem(error)}") from error


def import_problem(error: BaseException, source: Source | None = None) -> str:
    """Why an import failed, in which line of the stranger's own text, and what to do."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; install it on every node, or check the name"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in line {error.lineno}: {error.msg}; mend the file"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if source and frame.filename == source.path]
    return f"{type(error).__name__}{f' in line {lines[-1]}' if lines else ''}: {error}; mend what runs on import"
