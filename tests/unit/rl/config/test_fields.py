"""Ranges in words, and what is out of them."""

from __future__ import annotations

import math

import pytest

from rl.config.fields import Bounds


@pytest.mark.parametrize(
    ("bounds", "words", "inside", "outside"),
    [
        (Bounds(least=0), "0 or more", [0, 7], [-1]),
        (Bounds(above=0), "above 0", [1e-9], [0, -1]),
        (Bounds(least=0, most=1), "between 0 and 1", [0, 0.5, 1], [-0.1, 1.1]),
        (Bounds(above=0, most=1), "above 0 and at most 1", [0.1, 1], [0, 1.1]),
        (Bounds(least=0, below=1), "0 or more and below 1", [0, 0.9], [1]),
        (Bounds(least=784, words="784 (28 x 28) or more"), "784 (28 x 28) or more", [784], [783]),
    ],
)
def test_a_range_is_told_as_it_is_kept(bounds: Bounds, words: str, inside: list[float], outside: list[float]) -> None:
    assert bounds.in_words() == words
    assert [bounds.problem(value) for value in inside] == [None] * len(inside)
    said = f"must {'lie' if words.startswith('between') else 'be'} {words}"
    assert [bounds.problem(value) for value in outside] == [said] * len(outside)
    assert bounds.problem(math.nan) == bounds.problem(math.inf) == "must be a finite number"


def test_a_reason_comes_first() -> None:
    assert Bounds(least=2, because="a group of 1 has no advantage").problem(1) == (
        "a group of 1 has no advantage; it must be 2 or more"
    )
