"""Loading what a config names: functions that the trainer calls (`load_function`), and scorers (`load_scorer`).

Both find `path/file.py:function`, `package.module:function` and the names of what ships; scorers entry points too.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rewards.errors import did_you_mean
from rewards.plugins.adapters import ADAPTERS
from rewards.plugins.finding import find, missing, split_target
from rewards.plugins.importing import from_entry_point
from rewards.plugins.outline import outline, outline_of_module
from rewards.plugins.signatures import check_parameters, signature_of
from rewards.plugins.spec import FunctionSpec, PluginError, ScorerSpec, check_spec, is_shipped, read_source
from rewards.sample import Mode


def find_function(kind: str, spec: FunctionSpec, shipped: Mapping[str, Any]) -> Any:
    """The function that a spec names, without its parameters.

    Args:
        kind: what it is, such as `advantage estimator`; errors begin with it.
        spec: the function; its `source`, if there is one, is used in place of its file.
        shipped: functions that ship, by name.

    Raises:
        PluginError: for an unknown name, a file or module that is not there or fails on import, a function that it does
            not have, or something that is not a function.
    """
    return find(kind, spec.target, spec.source, partial(_shipped, kind, shipped))


def load_function(
    kind: str, spec: FunctionSpec, shipped: Mapping[str, Any], given: Sequence[str] | None = None
) -> Callable[..., Any]:
    """The function that a spec names, with its parameters bound.

    Args:
        kind: as for `find_function`.
        spec: as for `find_function`.
        shipped: as for `find_function`.
        given: names of the positional arguments that the caller will give; if they are told, a function that cannot be
            called with them is refused.

    Raises:
        PluginError: as `find_function` does, and for parameters that the function does not take.
    """
    function = find_function(kind, spec, shipped)
    check_parameters(kind, spec.target, signature_of(kind, spec.target, function), spec.parameters, given)
    return partial(function, **spec.parameters) if spec.parameters else function


def check_function(kind: str, spec: FunctionSpec, shipped: Mapping[str, Any], given: Sequence[str] | None = None) -> None:
    """Refuse a spec that `load_function` would refuse, as far as can be told without running a stranger's code.

    A file or module is read, not imported, since a loss would bring torch into a process that only checks a config. What
    an import itself would raise is therefore told when the function is loaded.

    Args:
        kind: as for `load_function`.
        spec: as for `load_function`.
        shipped: functions that ship, by name. Where they bring too much, any other values do: their parameters are then
            not checked.
        given: as for `load_function`.

    Raises:
        PluginError: as `load_function` does.
    """
    place, attribute = split_target(kind, spec.target)
    if not place:
        function = _shipped(kind, shipped, attribute)
        if callable(function):
            check_parameters(kind, spec.target, signature_of(kind, spec.target, function), spec.parameters, given)
        return
    source = spec.source or read_source(kind, spec.target)
    found = outline(kind, f"file {source.path}", source.text) if source else outline_of_module(kind, place)
    first, _, further = attribute.partition(".")
    if found is None or (first not in found.names and not found.complete):
        return
    if first not in found.names:
        raise missing(kind, place, attribute, found.functions)
    signature = found.functions.get(first)
    if signature is not None and not further:
        check_parameters(kind, spec.target, signature, spec.parameters, given)


def _shipped(kind: str, shipped: Mapping[str, Any], name: str) -> Any:
    if name not in shipped:
        known = "".join(f"{one}, " for one in shipped)
        hint = f"use one of {known}or file.py:function, or module:function{did_you_mean(name, shipped)}"
        raise PluginError(f"{kind}: {name!r} is not known; {hint}")
    return shipped[name]


@dataclass(frozen=True)
class Scorer:
    """A loaded scorer: the function as affectree calls it, adapter included."""

    spec: ScorerSpec
    function: Callable[..., Any]
    mode: Mode
    sha256: str
    """Hash of the source text, so that a run can say which version scored it."""


def load_scorer(spec: ScorerSpec) -> Scorer:
    """Import a scorer and check that it can be called as its spec says.

    Raises:
        PluginError: if it cannot be imported, is not a function, declares another mode, or does not take the parameters.
    """
    check_spec(spec)
    what = f"scorer {spec.name!r}"
    function = find(what, spec.target, spec.source, partial(_named_scorer, what))
    if spec.adapter is not None:
        adapter = ADAPTERS[spec.adapter]
        mode = adapter.mode
        if spec.mode not in (None, mode):
            raise PluginError(f"{what}: the {spec.adapter} contract means mode {mode}, not {spec.mode}")
        check_parameters(what, spec.target, signature_of(what, spec.target, function), spec.parameters)
        return Scorer(spec, _adapted(what, spec, function), mode, _source_hash(what, spec, function))
    declared = getattr(function, "affectree_mode", None)
    if declared is not None and spec.mode not in (None, declared):
        raise PluginError(f"{what}: {spec.target} declares mode {declared}, the settings say {spec.mode}")
    try:
        inspect.signature(function).bind(object(), **spec.parameters)
    except (TypeError, ValueError) as error:  # ValueError: a function of C without a signature
        hint = "check its parameters; a function of another trainer needs `adapter`"
        raise PluginError(f"{what}: {spec.target} cannot be called as a scorer ({error}); {hint}") from error
    return Scorer(spec, function, spec.mode or declared or "sample", _source_hash(what, spec, function))


def _named_scorer(what: str, name: str) -> Any:
    from rewards import scorers  # here, since it brings numba, which the process of a stranger's scorer must not load

    return getattr(scorers, name) if is_shipped(name) else from_entry_point(what, name)


def _adapted(what: str, spec: ScorerSpec, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as affectree calls it; a class of ms-swift's is made an instance of."""
    assert spec.adapter is not None
    try:
        return ADAPTERS[spec.adapter].adapt(function)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
        raise PluginError(f"{what}: {spec.target} cannot be set up by the {spec.adapter} adapter ({fault})") from error


def _source_hash(what: str, spec: ScorerSpec, function: Callable[..., Any]) -> str:
    if spec.source is not None:
        return spec.source.sha256
    file = getattr(inspect.getmodule(function), "__file__", None)
    if file is None:
        raise PluginError(f"{what}: {spec.target} comes from no file, so its version cannot be told")
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
