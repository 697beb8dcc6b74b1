"""Finding a scorer by name: `path/file.py:function`, `package.module:function`, an entry point, or a shipped one."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rewards.adapters import ADAPTERS
from rewards.errors import UserError, did_you_mean, nearest_or_all, one_of
from rewards.files import read_text, type_name
from rewards.importing import PluginError, Source, from_entry_point, from_module, from_text
from rewards.sample import MODES, Mode

Isolation = Literal["process", "thread", "inline"]
ISOLATIONS: tuple[Isolation, ...] = ("process", "thread", "inline")


@dataclass(frozen=True)
class ScorerSpec:
    """A scorer by name, and how it is to be called."""

    name: str
    spec: str = ""
    """A shipped scorer's name, `file.py:function`, `module:function` or an entry point's name; `name` if empty."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode | None = None
    """What the function itself declares if None, and `sample` if it declares nothing."""
    isolation: Isolation | None = None
    """None runs shipped scorers inline and all others in a process of their own."""
    adapter: str | None = None
    """Whose contract the function was written for: one of `rewards.adapters.ADAPTERS`."""
    timeout: float = 30.0
    """Seconds for one call."""
    retries: int = 2
    """Further calls after a fault of infrastructure; faults of the scorer are never tried again."""
    on_error: str | float = "drop"
    """`drop` the sample, `fail` the run, or the number to use instead."""
    memory_gib: float = 8.0
    """What a process of its own may allocate; 0 for no limit."""
    source: Source | None = None

    @property
    def target(self) -> str:
        return self.spec or self.name

    @property
    def place(self) -> Isolation:
        return self.isolation or ("inline" if is_shipped(self.target) else "process")


@dataclass(frozen=True)
class Scorer:
    """A loaded scorer: the function as affectree calls it, adapter included."""

    spec: ScorerSpec
    function: Callable[..., Any]
    mode: Mode
    sha256: str
    """Of the source text, so that a run can say which version scored it."""


def is_shipped(target: str) -> bool:
    if ":" in target:
        return False
    from rewards import scorers

    return target in scorers.__all__


def with_source(spec: ScorerSpec) -> ScorerSpec:
    """The spec with its file's text, to be sent to workers that do not have the file.

    Raises:
        PluginError: if the file is not there or is no text.
    """
    module, colon, _ = spec.target.rpartition(":")
    if not colon or not module.endswith(".py"):
        return spec
    path = Path(module)
    try:
        text = read_text(path)
    except UserError as error:
        raise PluginError(f"scorer {spec.name!r}: {error}") from error
    return replace(spec, source=Source(str(path.resolve()), text, hashlib.sha256(text.encode()).hexdigest()))


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


def check_spec(spec: ScorerSpec) -> None:
    """Refuse settings that cannot work."""
    rules = (
        (spec.mode in (None, *MODES), f"mode {one_of(spec.mode, MODES)}"),
        (spec.isolation in (None, *ISOLATIONS), f"isolation {one_of(spec.isolation, ISOLATIONS)}"),
        (spec.adapter in (None, *ADAPTERS), f"adapter {one_of(spec.adapter, ADAPTERS)}"),
        (_is_number(spec.timeout) and spec.timeout > 0, f"timeout must be a number of seconds above 0, found {spec.timeout!r}"),
        (isinstance(spec.retries, int) and spec.retries >= 0, f"retries must be 0 or more, found {spec.retries!r}"),
        (_is_number(spec.memory_gib) and spec.memory_gib >= 0, f"memory_gib must be 0 or more, found {spec.memory_gib!r}"),
        (
            spec.on_error in ("drop", "fail") or _is_number(spec.on_error),
            f"on_error must be drop, fail or a finite number, found {spec.on_error!r}"
            + did_you_mean(spec.on_error, ("drop", "fail")),
        ),
    )
    broken = [message for holds, message in rules if not holds]
    if broken:
        raise PluginError(f"scorer {spec.name!r}: {'; '.join(broken)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _find(spec: ScorerSpec) -> Any:
    module_name, colon, attribute = spec.target.rpartition(":")
    if spec.target.endswith(".py"):
        raise PluginError(f"scorer {spec.name!r}: {spec.target} names no function; write {spec.target}:FUNCTION")
    if "/" in module_name and not module_name.endswith(".py"):
        raise PluginError(f"scorer {spec.name!r}: {module_name} is neither a Python file nor a module; write file.py:function")
    if not colon:
        from rewards import scorers  # brings numba, which other scorers need not wait for

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
