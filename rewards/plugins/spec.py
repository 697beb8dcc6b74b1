"""What a config says of code that strangers wrote: `ScorerSpec` for a scorer, `FunctionSpec` for any other function."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rewards.errors import UserError, did_you_mean, one_of
from rewards.files import read_text
from rewards.plugins.adapter_names import ADAPTER_NAMES
from rewards.plugins.neighbours import Neighbour, neighbours
from rewards.sample import MODES, Mode

Isolation = Literal["process", "thread", "inline"]
"""Where a scorer runs: in a process of its own, which can be killed; in a thread; or in the process that calls it."""
ISOLATIONS: tuple[Isolation, ...] = ("process", "thread", "inline")


class PluginError(UserError):
    """A scorer or function that cannot be found or called; the message says which, what was found and what to do."""


class NotInstalled(PluginError):
    """A module that is not there, or an entry point that no package offers: other machines of a cluster may have it."""


@dataclass(frozen=True)
class Source:
    """The text of a Python file as the run began with it. Workers use this text and read no file."""

    path: str
    text: str
    sha256: str
    """Of the text and of its neighbours' names and texts."""
    neighbours: tuple[Neighbour, ...] = ()
    """The modules beside it that it imports."""

    def files(self) -> dict[str, str]:
        """The text of each file by its path from the file's folder, with which it can be run anywhere."""
        return {Path(self.path).name: self.text, **{one.relative_path: one.text for one in self.neighbours if not one.is_folder}}


@dataclass(frozen=True)
class FunctionSpec:
    """A function that a config names, such as an advantage estimator, a loss, a credit rule or a row format."""

    target: str
    """A shipped function's name, `path/file.py:function` or `package.module:function`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call."""
    source: Source | None = None
    """The file's text, for processes on other nodes, which may lack the file; see `with_function_source`."""


@dataclass(frozen=True)
class ScorerSpec:
    """A scorer by name, and how it is to be called."""

    name: str
    spec: str = ""
    """A shipped scorer's name, `file.py:function`, `module:function` or an entry point's name; `name` if empty."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of every call, or of the one call of a factory."""
    mode: Mode | None = None
    """What one call gets. None takes what the function itself declares, and `sample` if it declares nothing."""
    isolation: Isolation | None = None
    """None runs shipped scorers inline and all others in a process of their own."""
    adapter: str | None = None
    """The contract for which the function was written: one of `ADAPTER_NAMES`; None for affectree's own."""
    timeout: float = 30.0
    """Seconds for one call."""
    retries: int = 2
    """How often a call is tried again after a fault of infrastructure; faults of the scorer are not tried again."""
    on_error: str | float = "drop"
    """`drop` the sample, `fail` the run, or the number to use instead."""
    memory_gib: float = 8.0
    """How much memory a process of its own may allocate, and hold with all that it has started; 0 for no limit."""
    source: Source | None = None
    """The file's text, for workers on other nodes, which may lack the file; see `with_source`."""
    factory: bool = False
    """Whether the target makes the scorer: it is called once, with `parameters`, and what it returns is the scorer."""
    env: Sequence[str] = ()
    """Names of environment variables that it needs, beside those that the function declares itself."""

    @property
    def target(self) -> str:
        """What the scorer is found by: `spec`, or `name` where that is empty."""
        return self.spec or self.name

    @property
    def place(self) -> Isolation:
        """Where it runs: its `isolation`, or the default for what ships and for what does not."""
        return self.isolation or ("inline" if is_shipped(self.target) else "process")


def is_shipped(target: str) -> bool:
    """Whether a target is the name of a scorer that ships with affectree."""
    if ":" in target:
        return False
    from rewards import scorers  # here, since it brings numba, which the process of a stranger's scorer must not load

    return target in scorers.__all__


def with_source(spec: ScorerSpec) -> ScorerSpec:
    """The spec with its file's text; unchanged if it names no file.

    Raises:
        PluginError: if the file is not there or is no text.
    """
    return replace(spec, source=read_source(f"scorer {spec.name!r}", spec.target))


def with_function_source(kind: str, spec: FunctionSpec) -> FunctionSpec:
    """The spec with its file's text; unchanged if it names no file.

    Args:
        kind: what errors call it, such as `advantage estimator`.
        spec: the function.

    Raises:
        PluginError: if the file is not there or is no text.
    """
    return replace(spec, source=read_source(kind, spec.target))


_INSTEAD: dict[Path, Source] = {}


def use_instead(target: str, source: Source | None) -> None:
    """Have this process use a text wherever it would read the file of a target, which may be gone or another one by now.

    Args:
        target: `file.py:function`.
        source: the text; None reads the file again.
    """
    file = Path(target.rpartition(":")[0]).absolute()
    _INSTEAD.pop(file, None)
    if source is not None:
        _INSTEAD[file] = source


def read_source(what: str, target: str) -> Source | None:
    """The text of the file in `file.py:function`, with the files beside it that it imports; None for a target without a file.

    Args:
        what: what errors call it, such as `scorer 'mine'`.
        target: as in a spec.

    Raises:
        PluginError: if the file is not there or is no text, or imports too much from beside it.
    """
    name, colon, _ = target.rpartition(":")
    if not colon or not name.endswith(".py"):
        return None
    path = Path(name)
    if (instead := _INSTEAD.get(path.absolute())) is not None:
        return instead
    try:
        text = read_text(path)
        beside = neighbours(path.resolve(), text)
    except UserError as error:
        raise PluginError(f"{what}: {error}") from error
    return Source(str(path.resolve()), text, sha256_of(text, *(part for one in beside for part in (one.name, one.text))), beside)


def sha256_of(*texts: str) -> str:
    """The hash of texts in their order; of one text, that of its file."""
    found = hashlib.sha256(texts[0].encode())
    for text in texts[1:]:
        found.update(b"\0" + hashlib.sha256(text.encode()).digest())
    return found.hexdigest()


def check_spec(spec: ScorerSpec) -> None:
    """Refuse settings that cannot work, all of them in one `PluginError`."""
    rules = (
        (spec.mode in (None, *MODES), f"mode {one_of(spec.mode, MODES)}"),
        (spec.isolation in (None, *ISOLATIONS), f"isolation {one_of(spec.isolation, ISOLATIONS)}"),
        (spec.adapter in (None, *ADAPTER_NAMES), f"adapter {one_of(spec.adapter, ADAPTER_NAMES)}"),
        (_is_number(spec.timeout) and spec.timeout > 0, f"timeout must be a number of seconds above 0, found {spec.timeout!r}"),
        (isinstance(spec.retries, int) and spec.retries >= 0, f"retries must be 0 or more, found {spec.retries!r}"),
        (_is_number(spec.memory_gib) and spec.memory_gib >= 0, f"memory_gib must be 0 or more, found {spec.memory_gib!r}"),
        (
            spec.on_error in ("drop", "fail") or _is_number(spec.on_error),
            f"on_error must be drop, fail or a finite number, found {spec.on_error!r}"
            + did_you_mean(spec.on_error, ("drop", "fail")),
        ),
        (isinstance(spec.factory, bool), f"factory must be true or false, found {spec.factory!r}"),
        (_is_names(spec.env), "env must be a list of names of environment variables, without their values"),
    )
    broken = [message for holds, message in rules if not holds]
    if broken:
        raise PluginError(f"scorer {spec.name!r}: {'; '.join(broken)}")


def _is_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(name, str) and name.isidentifier() for name in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
