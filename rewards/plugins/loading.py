"""Finding a scorer by name: `path/file.py:function`, `package.module:function`, an entry point, or a shipped one."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.errors import nearest_or_all
from rewards.files import type_name
from rewards.plugins.adapters import ADAPTERS
from rewards.plugins.importing import from_entry_point, from_module, from_text
from rewards.plugins.spec import (
    PluginError,
    ScorerSpec,
    check_spec,
    is_shipped,
    with_source,
)
from rewards.sample import Mode


@dataclass(frozen=True)
class Scorer:
    """A loaded scorer: the function as affectree calls it, adapter included."""

    spec: ScorerSpec
    function: Callable[..., Any]
    mode: Mode
    sha256: str
    """Of the source text, so that a run can say which version scored it."""


def load_scorer(spec: ScorerSpec) -> Scorer:
    """Import a scorer and check that it can be called as its spec says.

    Raises:
        PluginError: if it cannot be imported, is not a function, declares another mode, or does not take the parameters.
    """
    check_spec(spec)
    function = _find(spec)
    if not callable(function):
        raise PluginError(f"scorer {spec.name!r}: {spec.target} is {type_name(function)}, not a function; name one")
    if spec.adapter is not None:
        adapter = ADAPTERS[spec.adapter]
        mode = adapter.mode
        if spec.mode not in (None, mode):
            raise PluginError(f"scorer {spec.name!r}: the {spec.adapter} contract means mode {mode}, not {spec.mode}")
        _check_names(spec, function)
        return Scorer(spec, _adapted(spec, function), mode, _source_hash(spec, function))
    declared = getattr(function, "affectree_mode", None)
    if declared is not None and spec.mode not in (None, declared):
        raise PluginError(f"scorer {spec.name!r}: {spec.target} declares mode {declared}, the settings say {spec.mode}")
    try:
        inspect.signature(function).bind(object(), **spec.parameters)
    except (TypeError, ValueError) as error:  # ValueError: a function of C without a signature
        hint = "check its parameters; a function of another trainer needs `adapter`"
        raise PluginError(f"scorer {spec.name!r}: {spec.target} cannot be called as a scorer ({error}); {hint}") from error
    return Scorer(spec, function, spec.mode or declared or "sample", _source_hash(spec, function))


def _check_names(spec: ScorerSpec, function: Callable[..., Any]) -> None:
    """Refuse parameters that a function of another trainer does not take."""
    called = function.__call__ if inspect.isclass(function) else function
    takes = inspect.signature(called).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes):
        return
    names = [parameter.name for parameter in takes]
    unknown = sorted(set(spec.parameters) - set(names))
    if unknown:
        hint = nearest_or_all(unknown[0], names, "it takes")
        raise PluginError(f"scorer {spec.name!r}: {spec.target} does not take the parameters {', '.join(unknown)}{hint}")


def _adapted(spec: ScorerSpec, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as affectree calls it; a class of ms-swift's is made an instance of."""
    assert spec.adapter is not None
    try:
        return ADAPTERS[spec.adapter].adapt(function)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
        raise PluginError(
            f"scorer {spec.name!r}: {spec.target} cannot be set up by the {spec.adapter} adapter ({fault})"
        ) from error


def _find(spec: ScorerSpec) -> Any:
    module_name, colon, attribute = spec.target.rpartition(":")
    if spec.target.endswith(".py"):
        raise PluginError(f"scorer {spec.name!r}: {spec.target} names no function; write {spec.target}:FUNCTION")
    if "/" in module_name and not module_name.endswith(".py"):
        raise PluginError(f"scorer {spec.name!r}: {module_name} is neither a Python file nor a module; write file.py:function")
    if not colon:
        from rewards import scorers

        return getattr(scorers, spec.target) if is_shipped(spec.target) else from_entry_point(spec.name, spec.target)
    if module_name.endswith(".py"):
        source = spec.source or with_source(spec).source
        assert source is not None
        module = from_text(spec.name, source)
    else:
        module = from_module(spec.name, module_name)
    found: Any = module
    for step in attribute.split("."):
        if isinstance(found, Mapping) and step in found:  # such as ms-swift's `orms`
            found = found[step]
            continue
        if not hasattr(found, step):
            known = sorted(name for name, value in vars(module).items() if callable(value) and not name.startswith("_"))
            raise PluginError(
                f"scorer {spec.name!r}: {module_name} has no {attribute!r}{nearest_or_all(attribute, known, 'it has')}"
            )
        found = getattr(found, step)
    return found


def _source_hash(spec: ScorerSpec, function: Callable[..., Any]) -> str:
    if spec.source is not None:
        return spec.source.sha256
    file = getattr(inspect.getmodule(function), "__file__", None)
    if file is None:
        raise PluginError(f"scorer {spec.name!r}: {spec.target} comes from no file, so its version cannot be told")
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
