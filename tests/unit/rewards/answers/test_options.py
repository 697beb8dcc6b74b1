"""The choices of a closed question, given apart or written in the question."""

from __future__ import annotations

import pytest

from rewards.answers.options import read_options


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (("Happy", "Sad"), {"A": "happy", "B": "sad"}),
        (("A. happy", "B. sad"), {"A": "happy", "B": "sad"}),
        (("(C) happy", "(D) sad"), {"C": "happy", "D": "sad"}),
        (("C) happy", "A) sad"), {"C": "happy", "A": "sad"}),
        (("1. happy", "2. sad"), {"1": "happy", "2": "sad"}),
        (("A. happy", "sad"), {"A": "a. happy", "B": "sad"}),
        (("A. happy", "A. sad"), {"A": "a. happy", "B": "a. sad"}),
    ],
)
def test_options_that_are_given(given: tuple[str, ...], texts: dict[str, str]) -> None:
    assert read_options(given, "(A) other (B) another").texts == texts


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("Identify it: (A) Positive (B) Neutral (C) Negative", ["positive", "neutral", "negative"]),
        ("What chin? A.pointed chin B.round chin C.square chin", ["pointed chin", "round chin", "square chin"]),
        ("Which?\nA. happy\nB. sad\nAnswer with a letter.", ["happy", "sad"]),
        ("Which? (A) Happy, (B) Sad. Please answer with the letter.", ["happy", "sad"]),
        ("Which? A: happy; B: sad", ["happy", "sad"]),
        ("Which? （A）happy （B）sad", ["happy", "sad"]),
        ("Look at clip A. Then at clip B. Which is it: (A) happy (B) sad", ["happy", "sad"]),
        ("Vitamin A. is what he takes.", []),
        ("Which emotion is it?", []),
    ],
)
def test_options_in_the_question(question: str, texts: list[str]) -> None:
    assert list(read_options((), question).texts.values()) == texts


def test_a_text_that_two_options_have_names_neither() -> None:
    assert read_options(("sad", "sad", "happy"), "").letter_of("sad") is None
    assert read_options(("sad", "sad", "happy"), "").letter_of("happy") == "C"
