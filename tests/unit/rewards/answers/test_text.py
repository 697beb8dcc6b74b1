"""Where in a text its answer stands."""

from __future__ import annotations

import pytest

from rewards.answers.text import answer_of_turn, answer_text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" sad ", "sad"),
        ("I think <answer> sad </answer> indeed", "sad"),
        ("<answer>sad", "sad"),
        ("<answer></answer>", ""),
        ("<answer>happy</answer><answer>sad</answer>", None),
        ("<tree>\nemotion\nm1 sad\n</tree>", None),
        ("<tree></tree><answer>sad</answer>", "sad"),
        ("The answer is (B).", "(B)."),
        ("Answer: sad", "sad"),
        ("So the final answer is: B", "B"),
        ("The answering machine", "The answering machine"),
        ("", ""),
    ],
)
def test_the_answer_is_the_inside_of_the_only_tag_or_everything(text: str, answer: str | None) -> None:
    assert answer_text(text) == answer


def test_a_rationales_turn_ends_with_its_answer() -> None:
    assert answer_of_turn("<tree>\nemotion\nm1 sad\n</tree>\n\n sad \n", "rationale") == "sad"
    assert answer_of_turn("one\ntwo", "rationale") == "two"
    assert answer_of_turn("one\ntwo", "caption") == "one\ntwo"
    assert answer_of_turn("<tree>", "rationale") is None
    assert answer_of_turn("", "rationale") is None
