"""Which settings there are and what they may hold, as the dataclasses say; what is wrong with one that a user gives."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from rewards.errors import did_you_mean
from rl.config.schema import Config

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_MANY = {int: "whole numbers", float: "numbers", bool: "true or false", str: "texts"}


def unknown_key(parts: Sequence[str]) -> tuple[str, str] | None:
    """Where a key leaves what there is, and what to do; None for a key that there is.

    Args:
        parts: of the key, from the top.
    """
    kind: Any = Config
    for place, part in enumerate(parts):
        kind = _without_none(kind)
        here, whole = ".".join(parts[:place]), ".".join(parts[: place + 1])
        if kind is Any:
            return None
        if is_dataclass(kind):
            known = get_type_hints(kind)
            if part not in known:
                return whole, f"no such setting{_instead(part, here, list(known))}"
            kind = known[part]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            return whole, f"{here} is {expected(parts[:place])}, which has no settings below it; set {here} itself"
    return None


def expected(parts: Sequence[str]) -> str:
    """What a key that there is may hold, in words."""
    kind: Any = Config
    for part in parts:
        kind = _without_none(kind)
        kind = get_type_hints(kind)[part] if is_dataclass(kind) else get_args(kind)[1]
    words = _in_words(_without_none(kind))
    return f"{words} or null" if _without_none(kind) is not kind else words


def _in_words(kind: Any) -> str:
    if is_dataclass(kind):
        return "a section of settings"
    of = get_args(kind)
    if get_origin(kind) is list:
        return f"a list of {_MANY[of[0]]}, such as {'[1, 2]' if of[0] in (int, float) else '[a, b]'}"
    if get_origin(kind) is dict:
        values = f" of {_MANY[of[1]]}" if of[1] in _MANY else ""
        return f"`key: value` pairs{values}, such as {{rationale: 1}}" if values else "`key: value` pairs"
    return _WORDS.get(kind, "a value")


def _instead(word: str, section: str, known: list[str]) -> str:
    """Where else there is such a key, or which is near, or all of the section's."""
    elsewhere = [key for key in all_keys() if key.rpartition(".")[2] == word]
    if len(elsewhere) == 1:
        return f"; did you mean {elsewhere[0]!r}?"
    near = did_you_mean(word, known)
    if near or not elsewhere:
        return near or f"; {section or 'the top level'} has {', '.join(known)}"
    return f"; did you mean one of {', '.join(elsewhere)}?"


@cache
def all_keys() -> tuple[str, ...]:
    """Every setting, with NAME for what users name themselves."""
    return tuple(_keys(Config, ""))


def _keys(kind: Any, prefix: str) -> Iterator[str]:
    kind = _without_none(kind)
    if is_dataclass(kind):
        for name, below in get_type_hints(kind).items():
            yield f"{prefix}{name}"
            yield from _keys(below, f"{prefix}{name}.")
    elif get_origin(kind) is dict and is_dataclass(get_args(kind)[1]):
        yield from _keys(get_args(kind)[1], f"{prefix}NAME.")


def _without_none(kind: Any) -> Any:
    """A type without its `| None`; the type itself where it has none."""
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    return kind
