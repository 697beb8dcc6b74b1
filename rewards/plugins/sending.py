"""What is sent to a scorer's process: pickled in the parent, read in the process, and named where it cannot be."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import RewardSample

_HINT = "give numbers, texts, lists and mappings, or set isolation: inline"


class Unsendable(PluginError):
    """Samples that cannot be pickled; the message says what of them."""


@dataclass(frozen=True)
class Hello:
    """The parent's first message."""

    path: tuple[str, ...]
    """The parent's `sys.path`, on which the classes of parameters may be found."""
    spec: ScorerSpec
    """The scorer to load, without its parameters."""
    parameters: bytes
    """Its parameters, pickled on their own."""


def pack_hello(spec: ScorerSpec, path: tuple[str, ...]) -> bytes:
    """The first message to a scorer's process.

    Raises:
        PluginError: if the scorer's parameters cannot be sent.
    """
    try:
        parameters = pickle.dumps(dict(spec.parameters))
    except Exception as error:
        raise PluginError(f"scorer {spec.name!r}: {_culprit('parameter', spec.parameters, error)}; {_HINT}") from error
    return pickle.dumps(Hello(path, replace(spec, parameters={}), parameters))


def unpack_hello(hello: Hello) -> ScorerSpec:
    """The scorer that a first message is about.

    Raises:
        PluginError: if its parameters cannot be read here.
    """
    try:
        return replace(hello.spec, parameters=pickle.loads(hello.parameters))
    except Exception as error:
        fault = f"its parameters cannot be read in its process ({_words(error)})"
        raise PluginError(f"scorer {hello.spec.name!r}: {fault}; {_HINT}") from error


def pack_samples(number: int, samples: Sequence[RewardSample]) -> bytes:
    """A request for the scores of samples.

    Raises:
        Unsendable: if one of them cannot be sent.
    """
    try:
        return pickle.dumps((number, pickle.dumps(samples)))
    except Exception as error:
        columns = {name: value for sample in samples for name, value in sample.columns.items() if _fault(value)}
        raise Unsendable(f"a sample cannot be scored: {_culprit('column', columns, error)}") from error


def unpack_samples(packed: bytes) -> list[RewardSample]:
    """The samples of a request.

    Raises:
        Unsendable: if they cannot be read here.
    """
    try:
        return list(pickle.loads(packed))
    except Exception as error:
        raise Unsendable(f"a sample cannot be scored: its process cannot read it ({_words(error)})") from error


def _culprit(what: str, values: Mapping[str, Any], error: Exception) -> str:
    """Which of the values cannot be pickled, and why."""
    for name, value in values.items():
        if fault := _fault(value):
            return f"{what} {name!r} cannot be sent to its process ({fault})"
    return f"it cannot be sent to its process ({_words(error)})"


def _fault(value: Any) -> str:
    """Why a value cannot be pickled; "" if it can."""
    try:
        pickle.dumps(value)
    except Exception as error:  # noqa: BLE001 - a class may raise anything when it is pickled
        return _words(error)
    return ""


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
