"""Which values a sentence states."""

from __future__ import annotations

import pytest

from rewards.captions.negation import negated
from rewards.captions.values import Sentence, age_at, intensity, object_value, speaks_of_age, values_of
from rewards.captions.words import Hit, hits


def read(text: str) -> Sentence:
    tokens = text.split()
    found = hits(tokens)
    return Sentence(tokens, {hit.begin: hit for hit in found}, {hit.end: hit for hit in found}, negated(tokens))


def first(sentence: Sentence, kind: str) -> Hit:
    return next(hit for hit in sentence.hits.values() if hit.of(kind))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("curly brown hair", ["brown", "curly"]),
        ("his hair is long and red", ["long", "red"]),
        ("a red jacket and hair", []),
        ("his hair and a long beard", []),
    ],
)
def test_values_stand_before_their_noun_or_after_a_copula(text: str, values: list[str]) -> None:
    sentence = read(text)
    noun = first(sentence, "noun")
    found = values_of(noun.of("noun")[0].name, noun, sentence)
    assert [" ".join(sentence.tokens[hit.begin : hit.end]) for hit in found] == values


@pytest.mark.parametrize(
    ("text", "denied", "value"),
    [
        ("he wears a hat", False, "yes"),
        ("he wears no hat", True, "no"),
        ("he takes off his hat", False, "no"),
        ("a hat on the table", False, None),
    ],
)
def test_an_object_is_worn_or_not_or_only_there(text: str, denied: bool, value: str | None) -> None:
    sentence = read(text)
    assert object_value(first(sentence, "object"), sentence.tokens, denied) == value


@pytest.mark.parametrize(
    ("text", "is_age"), [("an old man", True), ("an old jacket", False), ("he is old", True), ("an elderly lady", True)]
)
def test_old_things_have_no_age(text: str, is_age: bool) -> None:
    sentence = read(text)
    hit = next(hit for hit in sentence.hits.values() if any(meaning.name == "age" for meaning in hit.of("word")))
    assert speaks_of_age(hit, sentence.tokens) is is_age


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("in his twenties", "young"),
        ("about 50 years old", "middle-aged"),
        ("a 7 year-old boy", "child"),
        ("99 years", "elderly"),
        ("7 people", None),
    ],
)
def test_ages_in_numbers(text: str, age: str | None) -> None:
    tokens = text.split()
    found = [age_at(tokens, index) for index in range(len(tokens))]
    assert [one for one in found if one] == ([age] if age else [])


@pytest.mark.parametrize(
    ("text", "strength"), [("very happy", "strong"), ("slightly sad", "weak"), ("happy", None), ("very tall , happy", None)]
)
def test_a_word_right_before_an_emotion_tells_its_intensity(text: str, strength: str | None) -> None:
    sentence = read(text)
    assert intensity(first(sentence, "emotion"), sentence) == strength
