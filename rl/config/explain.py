"""What `affectree config explain` says of a setting or a section: type, range, choices, default, and the docstring beneath it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any

import yaml

from rewards.bases import BASE
from rewards.errors import UserError, did_you_mean
from rl.config.fields import bounds_of
from rl.config.functions import NAMED, known_names
from rl.config.keys import GONE, Key, all_keys, entry_kind, hints, in_words, is_mapping, is_section, unknown_key, without_none
from rl.config.resumption import why_it_may
from rl.config.schema import Config

_NAME = "NAME"
"""Stands for what users name themselves."""
_BASE = (
    "Files that this one is laid over: paths relative to it, or names of those that ship, such as algo/dapo; the last one wins. "
    "On the command line it lies over the file. See docs/configuration.md."
)


class UnknownSetting(UserError):
    """A key that does not exist; the message names the nearest."""


@dataclass(frozen=True)
class Explanation:
    """A setting or a section, in words."""

    key: str
    """The dotted key, with NAME for what users name themselves."""
    holds: str
    """Type, range and unit, or the choices."""
    default: str
    """The default as a configuration file would say it; empty for a section that is always there."""
    meaning: str
    """The docstring, in one line."""
    settings: tuple[Explanation, ...] = ()
    """The settings of a section; empty for a single setting."""
    on_resume: str = ""
    """Why it may be another when a run goes on; empty for a section, and for a setting that may not."""


def explain(dotted: str = "") -> Explanation:
    """Look a key up.

    Args:
        dotted: a setting such as `grpo.clip_low` or a section such as `grpo`; empty for all sections.

    Raises:
        UnknownSetting: for a key that does not exist.
    """
    if dotted == BASE:
        return Explanation(BASE, "text, or a list of texts", "null", _BASE)
    key = tuple(dotted.split(".")) if dotted else ()
    if (unknown := unknown_key(key)) is not None:
        where, what = unknown
        told = key in GONE or "did you mean" in what
        near = "" if told else did_you_mean(dotted, all_keys())
        raise UnknownSetting(f"{where}: {what}{near}")
    kind: Any = Config
    found = Explanation("all settings", "sections of settings", "", _meaning_of(Config), tuple(_settings_of(Config, ())))
    shown: Key = ()
    for part in key:
        bare = without_none(kind)
        if is_dataclass(bare):
            shown = (*shown, part)
            found = _explained(next(one for one in fields(bare) if one.name == part), bare, shown)
            kind = hints(bare)[part]
        elif is_mapping(kind) and is_section(kind := entry_kind(kind)):
            shown = (*shown, _NAME)
            found = Explanation(".".join(shown), "a section of settings", "", _meaning_of(kind), tuple(_settings_of(kind, shown)))
        else:  # an entry of a mapping of values
            break
    return found


def docstrings(section: type) -> dict[str, str]:
    """Field -> the docstring beneath it, in one line; fields without one are left out."""
    return _docstrings(section)


@cache
def _docstrings(section: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            found[field.target.id] = " ".join(text.split())
    return found


def _settings_of(section: Any, above: Key) -> Iterator[Explanation]:
    for one in fields(section):
        yield _explained(one, section, (*above, one.name), deep=False)


def _explained(one: Field[Any], section: Any, key: Key, deep: bool = True) -> Explanation:
    """Explain one field.

    Args:
        one: the field.
        section: the dataclass that has it.
        key: the field's key, from the top.
        deep: if it is a section, explain its settings too.
    """
    kind = hints(section)[one.name]
    bare, below = without_none(kind), key
    if is_mapping(kind) and is_section(entry_kind(kind)):
        bare, below = entry_kind(kind), (*key, _NAME)
    settings = tuple(_settings_of(bare, below)) if deep and is_dataclass(bare) else ()
    default = "" if is_section(kind) and bare is kind else _default(one)
    dotted = ".".join(key)
    on_resume = "" if is_dataclass(bare) else why_it_may(dotted, Config()) or ""
    return Explanation(dotted, _holds(one, kind, dotted), default, docstrings(section)[one.name], settings, on_resume)


def _holds(one: Field[Any], kind: Any, key: str) -> str:
    bare = without_none(kind)
    if is_mapping(kind) and is_section(entry_kind(kind)):
        return "named sections of settings"
    words = in_words(bare)
    if known := known_names(key):
        own = ", or file.py:function" if key in NAMED else ""
        words = f"{'a list of' if 'list' in words else 'one of'} {', '.join(known)}{own}"
    if bounds := bounds_of(one):
        each = " each" if words.startswith(("a list", "`key")) else ""
        unit = f" ({bounds.unit})" if bounds.unit else ""
        words = f"{words.partition(', such')[0]}{unit}, {bounds.in_words()}{each}"
    return f"{words}, or null" if bare is not kind else words


def _default(one: Field[Any]) -> str:
    value = one.default if one.default is not MISSING else one.default_factory() if callable(one.default_factory) else None
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _meaning_of(section: type) -> str:
    return " ".join((section.__doc__ or "").split())
