"""Finding a scorer by name: `path/file.py:function`, `package.module:function`, or an entry point."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from rewards import scorers

ENTRY_POINT_GROUP = "affectree.scorers"


class PluginError(ValueError):
    """A scorer that cannot be found or called; the message names the spec and what to do."""


@dataclass(frozen=True)
class Scorer:
    """A loaded scorer, bound to its parameters."""

    name: str
    spec: str
    function: Callable[..., Any]
    parameters: dict[str, Any]
    sha256: str
    """Of the source text, so that a run can say which version scored it."""

    def __call__(self, sample: Any) -> Any:
        return self.function(sample, **self.parameters)


def load_scorer(name: str, spec: str, parameters: dict[str, Any] | None = None) -> Scorer:
    """Import a scorer and check that it can be called with its parameters.

    Args:
        name: what the mix calls it.
        spec: a shipped scorer's name, `file.py:function`, `module:function`, or an entry point's name.
        parameters: keyword arguments for every call.

    Raises:
        PluginError: if it cannot be imported, is not a function, or does not take the parameters.
    """
    function = _find(spec)
    parameters = dict(parameters or {})
    if not callable(function):
        raise PluginError(f"scorer {name!r}: {spec} is a {type(function).__name__}, not a function")
    try:
        inspect.signature(function).bind(object(), **parameters)
    except TypeError as error:
        raise PluginError(f"scorer {name!r}: {spec} cannot be called with its parameters ({error})") from error
    return Scorer(name, spec, function, parameters, _source_hash(function))


def _find(spec: str) -> Any:
    module_name, colon, attribute = spec.rpartition(":")
    if not colon:
        shipped = getattr(scorers, spec, None) if spec in scorers.__all__ else None
        return shipped if shipped is not None else _entry_point(spec)
    module = _from_file(Path(module_name)) if module_name.endswith(".py") else _from_module(module_name)
    if not hasattr(module, attribute):
        raise PluginError(f"scorer {spec!r}: {module_name} has no function {attribute!r}")
    return getattr(module, attribute)


def _entry_point(name: str) -> Any:
    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        known = sorted({*scorers.__all__, *found})
        raise PluginError(f"scorer {name!r} is not known; use one of {known}, file.py:function or module:function")
    return found[name].load()


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise PluginError(f"scorer file {path} does not exist")
    module_spec = importlib.util.spec_from_file_location(path.stem, path)
    assert module_spec is not None and module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"scorer file {path} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _from_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PluginError(f"scorer module {name} cannot be imported: {error}") from error


def _source_hash(function: Callable[..., Any]) -> str:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = repr(function)
    return hashlib.sha256(source.encode()).hexdigest()
