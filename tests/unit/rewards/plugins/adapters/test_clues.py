"""What a function's code tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from rewards.plugins.adapters.clues import reads_messages, words_of
from tests.unit.rewards.plugins.peers import r1_style, swift_style, trl_style


def deep(text: str) -> Any:
    return json.loads(text)["deep"]


def calls(completions: list[Any], *, last: int = 0, **columns: Any) -> Any:
    inner = [deep(one) for one in completions if one in ("a", "b")]
    return [columns["clip"] for _ in inner]


def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*given: Any, **named: Any) -> Any:
        return function(*given, **named)

    return wrapped


class Holder:
    def __call__(self, completions: list[str]) -> list[str]:
        return ["held"]

    def method(self) -> str:
        return "in a method"


@pytest.mark.parametrize("function", [calls, partial(calls, last=1), wrapper(calls)])
def test_words_are_parameters_and_texts_also_of_what_is_called(function: Callable[..., Any]) -> None:
    words = words_of(function)
    assert {"completions", "last", "a", "b", "clip", "deep"} <= words
    assert "columns" not in words
    assert "Expecting value" not in words  # of Python's own json


@pytest.mark.parametrize("function", [Holder, Holder()])
def test_words_of_classes_and_objects_are_those_of_their_calls(function: Any) -> None:
    assert {"completions", "held"} <= words_of(function)


def test_words_of_methods_and_of_what_is_not_python() -> None:
    assert "in a method" in words_of(Holder().method)
    assert words_of(len) == frozenset()


@pytest.mark.parametrize(
    ("function", "messages"),
    [
        (r1_style.accuracy_reward, True),
        (r1_style.get_cosine_scaled_reward(), True),
        (r1_style.reward_funcs_registry["tag_count"], True),
        (trl_style.conversational, True),
        (trl_style.format_reward, False),
        (trl_style.texts_with_state, False),
        (swift_style.Accuracy, False),
        (swift_style.Remote, None),  # it reads the content of other messages
        (Holder(), False),
        (len, None),
    ],
)
def test_messages_and_texts(function: Callable[..., Any], messages: bool | None) -> None:
    assert reads_messages(function, "completions") is messages
