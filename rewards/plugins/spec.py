"""What a scorer is called and how it is to be run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from rewards.errors import UserError, did_you_mean, one_of
from rewards.files import read_text
from rewards.plugins.adapters import ADAPTERS
from rewards.sample import MODES, Mode


class PluginError(UserError):
    """A scorer that cannot be found or called; the message names the spec and what to do."""


@dataclass(frozen=True)
class Source:
    """A scorer's text as the run began with it; workers use this text and read no file."""

    path: str
    text: str
    sha256: str


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
    """Whose contract the function was written for: one of `rewards.plugins.adapters.ADAPTERS`."""
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
