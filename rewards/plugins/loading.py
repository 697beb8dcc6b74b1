"""Loading what a config names: functions that the trainer calls (`load_function`), and scorers (`load_scorer`).

Both find `path/file.py:function`, `package.module:function` and the names of what ships; scorers entry points too.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rewards.errors import did_you_mean
from rewards.files import type_name
from rewards.plugins.adapters.peer import Peer
from rewards.plugins.adapters.recognising import refuse_wrong_adapter
from rewards.plugins.adapters.registry import ADAPTERS
from rewards.plugins.entry_points import from_entry_point, hidden_by_shipped
from rewards.plugins.finding import Found, find, missing, split_target
from rewards.plugins.outline import outline, outline_of_module
from rewards.plugins.signatures import check_parameters, signature_of
from rewards.plugins.spec import FunctionSpec, PluginError, ScorerSpec, check_spec, is_shipped, read_source
from rewards.plugins.variables import declared, named, refuse_missing, unset_variable, without_secrets
from rewards.plugins.versions import module_hash
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
    return find(kind, spec.target, spec.source, lambda name: Found(_shipped(kind, shipped, name))).function


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
    """Hash of its version: of its file and the files beside it that this imports, or of its package."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call; none where an adapter or a factory has them already."""
    promised: tuple[float, float] | None = None
    """The least and the greatest score that it promises to give; None if it promises nothing."""
    env: tuple[str, ...] = ()
    """Names of the environment variables that it needs."""


def load_scorer(spec: ScorerSpec) -> Scorer:
    """Import a scorer and check that it can be called as its spec says.

    Raises:
        PluginError: if it cannot be imported or made, is not a function, is written for another contract than the spec says,
            declares another mode, does not take the parameters, or needs a variable that is not set.
    """
    check_spec(spec)
    what = f"scorer {spec.name!r}"
    refuse_missing(what, named(spec))
    found = find(what, spec.target, spec.source, partial(_named_scorer, what))
    if found.module is None and (hidden := hidden_by_shipped(spec.target)):
        warnings.warn(f"{what}: {hidden}", stacklevel=2)
    refuse_missing(what, declared(found.function))
    function = _made(what, spec, found.function) if spec.factory else found.function
    env = tuple(dict.fromkeys([*named(spec), *declared(found.function, function)]))
    refuse_missing(what, env)
    parameters = {} if spec.factory else spec.parameters
    refuse_wrong_adapter(what, spec.target, function, found.module, spec.adapter)
    if spec.adapter is not None:
        peer = Peer(what, spec.target, function, parameters, found.module, spec.mode)
        return Scorer(spec, _adapted(spec, peer), _mode_of(spec, peer), _version(what, found), env=env)
    mode = getattr(function, "affectree_mode", None)
    if mode is not None and spec.mode not in (None, mode):
        raise PluginError(f"{what}: {spec.target} declares mode {mode}, the settings say {spec.mode}")
    if inspect.isclass(function):
        raise PluginError(f"{what}: {spec.target} is a class; if its objects are scorers, write factory: true")
    try:
        inspect.signature(function).bind(object(), **parameters)
    except (TypeError, ValueError) as error:  # ValueError: a function of C without a signature
        hint = "check its parameters; one that makes the scorer needs `factory: true`, one of another trainer `adapter`"
        raise PluginError(f"{what}: {spec.target} cannot be called as a scorer ({error}); {hint}") from error
    promised = getattr(function, "affectree_range", None)
    return Scorer(spec, function, spec.mode or mode or "sample", _version(what, found), parameters, promised, env)


def _named_scorer(what: str, name: str) -> Found:
    from rewards import scorers  # here, since it brings numba, which the process of a stranger's scorer must not load

    if is_shipped(name):
        return Found(getattr(scorers, name))
    function, module = from_entry_point(what, name, tuple(scorers.__all__))
    return Found(function, sys.modules[module])


def _version(what: str, found: Found) -> str:
    if found.source is not None:
        return found.source.sha256
    return module_hash(what, found.module.__name__ if found.module else str(found.function.__module__))


def _made(what: str, spec: ScorerSpec, factory: Callable[..., Any]) -> Callable[..., Any]:
    """The scorer that a factory makes."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError) as error:
        raise PluginError(f"{what}: {spec.target} does not tell its parameters; wrap it in a Python function") from error
    check_parameters(what, spec.target, signature, spec.parameters, ())
    try:
        made = factory(**spec.parameters)
    except (Exception, SystemExit) as error:
        fault = unset_variable(error) or f"{type(error).__name__}: {without_secrets(str(error))}"
        raise PluginError(f"{what}: {spec.target} cannot make the scorer ({fault})") from error
    if not callable(made):
        raise PluginError(f"{what}: {spec.target} makes {type_name(made)}, not a scorer; leave `factory` out or name another")
    return made  # type: ignore[no-any-return]


def _adapted(spec: ScorerSpec, peer: Peer) -> Callable[..., Any]:
    """The function as affectree calls it; a class of ms-swift's is made an object of."""
    assert spec.adapter is not None
    signature = signature_of(peer.what, peer.target, peer.function)
    own = {name: one for name, one in spec.parameters.items() if not _goes_to_init(peer.function, name)}
    check_parameters(peer.what, peer.target, signature, {} if spec.factory else own)
    try:
        return ADAPTERS[spec.adapter].adapt(peer)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        fault = f"{type(error).__name__}: {without_secrets(str(error))}"
        raise PluginError(f"{peer.what}: {peer.target} cannot be set up by the {spec.adapter} adapter ({fault})") from error


def _goes_to_init(function: Callable[..., Any], name: str) -> bool:
    """Whether a parameter is for the making of a class's object, by its name or as one of the trainer's arguments."""
    return inspect.isclass(function) and bool({name, "args"} & set(inspect.signature(function.__init__).parameters))


def _mode_of(spec: ScorerSpec, peer: Peer) -> Mode:
    assert spec.adapter is not None
    mode = ADAPTERS[spec.adapter].mode_of(peer)
    if spec.mode == "group" and mode == "batch":
        return "group"  # a batch of which the samples of one prompt are compared, as some do
    if spec.mode not in (None, mode):
        raise PluginError(f"{peer.what}: the {spec.adapter} contract means mode {mode}, not {spec.mode}")
    return mode
