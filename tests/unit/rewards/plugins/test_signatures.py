"""Whether a function can be called as a config and its caller will call it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import pytest

from rewards.plugins.signatures import check_parameters, signature_of
from rewards.plugins.spec import PluginError


def plain(a: int, b: int = 1, *, c: int) -> None: ...


def anything(a: int, **more: int) -> None: ...


class Instances:
    def __call__(self, a: int, b: int = 1) -> None: ...


@pytest.mark.parametrize(
    ("function", "parameters", "given"),
    [
        (plain, {"c": 1}, ("a",)),
        (plain, {"c": 1, "b": 2}, ("a",)),
        (plain, {}, None),  # what the caller gives is not known, so what is missing is not
        (anything, {"x": 1}, ("a",)),
    ],
)
def test_what_can_be_called_passes(function: Any, parameters: dict[str, Any], given: Sequence[str] | None) -> None:
    check_parameters("loss", "x.py:f", inspect.signature(function), parameters, given)


@pytest.mark.parametrize(
    ("parameters", "given", "said"),
    [
        ({"c": 1, "bb": 1}, None, "x.py:f does not take the parameters bb; did you mean 'b'?"),
        ({"zz": 1}, None, "x.py:f does not take the parameters zz; it takes a, b, c"),
        ({"zz": 1}, ("a",), "x.py:f does not take the parameters zz; it takes b, c"),
        ({}, ("a",), "x.py:f cannot be called with (a): missing a required argument: 'c'; change what it takes"),
        ({"c": 1}, (), "x.py:f cannot be called with (c=1): missing a required argument: 'a'; change what it takes"),
        ({"a": 1, "c": 1}, ("a",), "x.py:f cannot be called with (a, a=1, c=1): multiple values for argument 'a'; change what"),
        ({"c": 1}, ("a", "b", "d"), "x.py:f cannot be called with (a, b, d, c=1): too many positional arguments; change what"),
    ],
)
def test_what_cannot_is_told(parameters: dict[str, Any], given: Sequence[str] | None, said: str) -> None:
    with pytest.raises(PluginError) as refused:
        check_parameters("loss", "x.py:f", inspect.signature(plain), parameters, given)
    assert str(refused.value).replace("keyword-only argument", "argument").startswith(f"loss: {said}")


def test_a_class_takes_what_its_instances_do() -> None:
    assert list(signature_of("loss", "x.py:C", Instances).parameters) == ["self", "a", "b"]


def test_a_function_that_does_not_tell_is_refused() -> None:
    with pytest.raises(PluginError, match=r"^loss: builtins:iter does not tell its parameters; wrap it in a Python function$"):
        signature_of("loss", "builtins:iter", iter)
