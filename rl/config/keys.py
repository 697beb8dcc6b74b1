"""Which settings exist and what they may hold, read off the dataclasses; and what is wrong with a key that does not."""

from __future__ import annotations

import types
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rewards.errors import did_you_mean
from rl.config.schema import Config

Key = tuple[str, ...]
"""A dotted key as its parts, from the top: `("grpo", "kl")`."""

GONE: dict[Key, str] = {("grpo", "preset"): "is gone; name the file as a base, such as base=algo/dapo (docs/configuration.md)"}
"""Settings that earlier versions had: what to do instead. A run that was begun with them goes on without."""

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_MANY = {int: "whole numbers", float: "numbers", bool: "true or false", str: "texts"}


def kind_of(key: Key) -> Any:
    """The type of an existing setting, `| None` included; Any below a mapping to anything."""
    kind: Any = Config
    for part in key:
        kind = without_none(kind)
        if kind is Any:
            return Any
        kind = hints(kind)[part] if is_dataclass(kind) else get_args(kind)[1]
    return kind


def is_section(kind: Any) -> bool:
    """Whether a type has settings of its own."""
    return is_dataclass(without_none(kind))


def is_mapping(kind: Any) -> bool:
    """Whether users name its entries themselves, such as the tasks of a mix, or scorers."""
    return get_origin(without_none(kind)) is dict


def can_hold(kind: Any, value: Any) -> bool:
    """Whether a type can hold a value, as far as lists and `key: value` pairs go."""
    bare = without_none(kind)
    if bare is Any:
        return True
    if isinstance(value, list):
        return get_origin(bare) is list and all(can_hold(get_args(bare)[0], one) for one in value)
    return not isinstance(value, dict) or is_section(kind) or is_mapping(kind)


def entry_kind(mapping: Any) -> Any:
    """The type of a mapping's entries."""
    return get_args(without_none(mapping))[1]


def unknown_key(key: Key) -> tuple[str, str] | None:
    """(the part of a key up to where it goes wrong, what to do about it); None for a key that exists."""
    kind: Any = Config
    for place, part in enumerate(key):
        kind = without_none(kind)
        here, whole = ".".join(key[:place]), ".".join(key[: place + 1])
        if kind is Any:
            return None
        if is_dataclass(kind):
            known = hints(kind)
            if part not in known:
                return whole, GONE.get(key[: place + 1]) or f"no such setting{_instead(part, here, list(known))}"
            kind = known[part]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            return whole, f"{here} is {expected(key[:place])}, which has no settings below it; set {here} itself"
    return None


def expected(key: Key) -> str:
    """What an existing key may hold, in words."""
    kind = kind_of(key)
    bare = without_none(kind)
    return f"{in_words(bare)} or null" if bare is not kind else in_words(bare)


def in_words(kind: Any) -> str:
    """What a type without `| None` holds."""
    if is_dataclass(kind):
        return "a section of settings"
    of = get_args(kind)
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, of))}"
    if get_origin(kind) in (Union, types.UnionType):  # such as a scorer's on_error
        return " or ".join(dict.fromkeys(in_words(one) for one in of if one is not int))
    if get_origin(kind) is list:
        if get_origin(of[0]) is Literal:
            return f"a list of {', '.join(map(str, get_args(of[0])))}"
        return f"a list of {_MANY[of[0]]}, such as {'[1, 2]' if of[0] in (int, float) else '[a, b]'}"
    if get_origin(kind) is dict:
        values = f" of {_MANY[of[1]]}" if of[1] in _MANY else ""
        return f"`key: value` pairs{values}, such as {{rationale: 1}}" if values else "`key: value` pairs"
    return _WORDS.get(kind, "a value")


def choices(kind: Any) -> tuple[Any, ...]:
    """What a field's type lists as allowed, for itself or for each of its entries; nothing for other types."""
    bare = without_none(kind)
    if get_origin(bare) is list:
        bare = get_args(bare)[0]
    return get_args(bare) if get_origin(bare) is Literal else ()


@dataclass(frozen=True)
class Setting:
    """A single setting of a Config, with its value."""

    key: Key
    field: Field[Any]
    kind: Any
    value: Any


def settings_of(section: Any, above: Key = ()) -> Iterator[Setting]:
    """All settings of a Config or a section of it, those of stages and scorers too."""
    for one in fields(section):
        key, value = (*above, one.name), getattr(section, one.name)
        if is_dataclass(value):
            yield from settings_of(value, key)
        elif isinstance(value, dict) and any(is_dataclass(entry) for entry in value.values()):
            for name, entry in value.items():
                yield from settings_of(entry, (*key, name))
        else:
            yield Setting(key, one, hints(type(section))[one.name], value)


@cache
def all_keys() -> tuple[str, ...]:
    """Every setting and section, with NAME for what users name themselves."""
    return tuple(_keys(Config, ""))


def _keys(kind: Any, prefix: str) -> Iterator[str]:
    kind = without_none(kind)
    if is_dataclass(kind):
        for name, below in hints(kind).items():
            yield f"{prefix}{name}"
            yield from _keys(below, f"{prefix}{name}.")
    elif get_origin(kind) is dict and is_dataclass(get_args(kind)[1]):
        yield from _keys(get_args(kind)[1], f"{prefix}NAME.")


def _instead(word: str, section: str, known: Sequence[str]) -> str:
    """A hint: where else a key of this name is, which known one is near, or all of the section's."""
    elsewhere = [key for key in all_keys() if key.rpartition(".")[2] == word]
    if len(elsewhere) == 1:
        return f"; did you mean {elsewhere[0]!r}?"
    near = did_you_mean(word, known)
    if near or not elsewhere:
        return near or f"; {section or 'the top level'} has {', '.join(known)}"
    return f"; did you mean one of {', '.join(elsewhere)}?"


def hints(section: Any) -> dict[str, Any]:
    """Field -> type of a dataclass of the schema."""
    return _hints(section)


@cache
def _hints(section: Hashable) -> dict[str, Any]:
    return get_type_hints(section)


def without_none(kind: Any) -> Any:
    """A type without its `| None`; the type itself where it has none."""
    if get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
        rest = [one for one in get_args(kind) if one is not type(None)]
        assert len(rest) == 1
        return rest[0]
    return kind
