"""Gold answers and options as data sets have them."""

from __future__ import annotations

import pytest

from rewards.answers.columns import BadColumn, gold_answer, option_texts


@pytest.mark.parametrize(
    ("value", "text", "labels"),
    [
        (None, None, ()),
        ("happy", "happy", ()),
        ("", "", ()),
        (3, "3", ()),
        (True, "True", ()),
        (["happy", "surprise"], "happy, surprise", ("happy", "surprise")),
        (("happy",), "happy", ("happy",)),
        ([], None, ()),
        ('["happy", "surprise"]', "happy, surprise", ("happy", "surprise")),
        ("['happy']", "happy", ("happy",)),
        ("[brackets]", "[brackets]", ()),
        ("[1, 2]", "[1, 2]", ()),
    ],
)
def test_gold_answers(value: object, text: str | None, labels: tuple[str, ...]) -> None:
    assert gold_answer(value) == (text, labels)


@pytest.mark.parametrize("value", [{"a": "b"}, [["a"]], [None], b"happy", object()])
def test_other_answers_are_refused(value: object) -> None:
    with pytest.raises(BadColumn, match="must be text or a list of labels, found"):
        gold_answer(value)


def test_options_are_texts_and_those_of_a_mapping_keep_their_letters() -> None:
    assert option_texts(["happy", "sad"]) == ("happy", "sad")
    assert option_texts({"A": "happy", "b": "sad", "C": None}) == ("A. happy", "B. sad")
    assert option_texts(None) == option_texts([]) == ()
    for value in ({"AB": "x"}, {"A": 3}, "happy", [1], 7):
        with pytest.raises(BadColumn):
            option_texts(value)
