"""Numbers out of range, and words that are no choice of their setting. Ranges and choices stand beside the field."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rewards.errors import did_you_mean
from rl.config.fields import bounds_of
from rl.config.keys import Key, choices, settings_of
from rl.config.schema import Config


def range_problems(config: Config) -> Iterator[str]:
    """One line for each number that is out of its range or not finite."""
    for setting in settings_of(config):
        bounds = bounds_of(setting.field)
        if bounds is None:
            yield from _not_finite(setting.key, setting.value)
            continue
        for key, number in _numbers(setting.key, setting.value):
            if problem := bounds.problem(number):
                yield f"{key} = {number!r}: {problem}"


def choice_problems(config: Config) -> Iterator[str]:
    """One line for each setting with a word that it does not take."""
    for setting in settings_of(config):
        allowed, value = choices(setting.kind), setting.value
        if not allowed:
            continue
        listed = value if isinstance(value, list) else [value]
        unknown = [one for one in listed if one is not None and one not in allowed]
        if unknown:
            said = _must(allowed, isinstance(value, list)) + did_you_mean(unknown[0], map(str, allowed))
            yield f"{'.'.join(setting.key)} = {value!r}: {said}"


def _must(allowed: tuple[Any, ...], several: bool) -> str:
    words = [str(one) for one in allowed]
    if several:
        return f"may list {' and '.join(words) if len(words) == 2 else ', '.join(words)}"
    return f"must be one of {', '.join(words)}"


def _numbers(key: Key, value: Any) -> Iterator[tuple[str, float]]:
    """Key and value of a setting's number, or of each of them."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _numbers((*key, name), below)
    elif isinstance(value, list):
        for below in value:
            yield from _numbers(key, below)
    elif value is not None:
        yield ".".join(key), value


def _not_finite(key: Key, value: Any) -> Iterator[str]:
    """A line for a number without a range, such as a scorer's `on_error`, that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{'.'.join(key)} = {value!r}: must be a finite number"
