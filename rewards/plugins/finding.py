"""Finding what a config names: `path/file.py:function`, `package.module:function`, or a plain name.

Every error is a `PluginError` that begins with `what`, such as `scorer 'mine'` or `advantage estimator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from rewards.errors import nearest_or_all
from rewards.files import type_name
from rewards.plugins.importing import from_module, from_text
from rewards.plugins.spec import PluginError, Source, read_source


@dataclass(frozen=True)
class Found:
    """What a target names."""

    function: Callable[..., Any]
    module: ModuleType | None = None
    """The module that was imported for it; None for what ships."""
    source: Source | None = None
    """The text of its file; None where it comes from no file that the target names."""


def find(what: str, target: str, source: Source | None, by_name: Callable[[str], Found]) -> Found:
    """Import what a target names.

    Args:
        what: what errors call it.
        target: `file.py:function`, `module:function`, or a plain name. A function may be an attribute of a class or a
            value of a mapping: `file.py:Class.function`, `module:orms.name`.
        source: the file's text if it was read before; None reads the file.
        by_name: finds a plain name.
    """
    place, attribute = split_target(what, target)
    if not place:
        found = by_name(attribute)
    else:
        text = source or read_source(what, target)
        module = from_text(what, text) if text else from_module(what, place)
        found = Found(_attribute(what, place, attribute, module), module, text)
    if not callable(found.function):
        raise PluginError(f"{what}: {target} is {type_name(found.function)}, not a function; name one")
    return found


def split_target(what: str, target: str) -> tuple[str, str]:
    """(file or module, function) of a target; the first is empty for a plain name."""
    place, colon, attribute = target.rpartition(":")
    if target.endswith(".py"):
        raise PluginError(f"{what}: {target} names no function; write {target}:FUNCTION")
    if colon and (not place or ("/" in place and not place.endswith(".py"))):
        raise PluginError(f"{what}: {place or target} is neither a Python file nor a module; write file.py:function")
    return place, attribute


def _attribute(what: str, place: str, attribute: str, module: ModuleType) -> Any:
    found: Any = module
    steps = attribute.split(".")
    for number, step in enumerate(steps):
        if isinstance(found, Mapping) and step in found:  # such as ms-swift's `orms`
            found = found[step]
        elif hasattr(found, step):
            found = getattr(found, step)
        elif isinstance(found, Mapping):
            where = f"{place}:{'.'.join(steps[:number])}"
            raise PluginError(f"{what}: {where} has no {step!r}{nearest_or_all(step, map(str, found), 'it has')}")
        else:
            raise missing(what, place, attribute, (name for name, value in vars(module).items() if callable(value)))
    return found


def missing(what: str, place: str, attribute: str, functions: Iterable[str]) -> PluginError:
    """The error for a file or module without the function that was named; it tells which functions there are."""
    public = sorted(name for name in functions if not name.startswith("_"))
    return PluginError(f"{what}: {place} has no {attribute!r}{nearest_or_all(attribute, public, 'it has')}")
