"""Short answers as they are read."""

import pytest

from rewards.tree.answers import answer_text, answers_several, label_and_intensity, label_set, option_letter


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (" sad ", "sad"),
        ("I think <answer> sad </answer> indeed", "sad"),
        ("<answer>sad", "sad"),
        ("<answer>happy</answer><answer>sad</answer>", "sad"),
    ],
)
def test_the_answer_is_the_inside_of_the_last_tag_or_everything(completion: str, answer: str) -> None:
    assert answer_text(completion) == answer


def test_several_answers_are_told() -> None:
    assert answers_several("<answer>happy</answer><answer>sad</answer>")
    assert not answers_several("<answer>happy</answer>")
    assert not answers_several("happy")


@pytest.mark.parametrize(
    ("text", "letter"),
    [("B", "B"), ("(B)", "B"), ("B.", "B"), (" B) brown", "B"), ("B: brown", "B"), ("Brown", None), ("b", None), ("", None)],
)
def test_option_letters(text: str, letter: str | None) -> None:
    assert option_letter(text) == letter


def test_label_sets_are_folded_and_none_is_a_label_like_others() -> None:
    assert label_set("Furious, sad,, SAD.") == {"angry", "sad"}
    assert label_set("") == frozenset()
    assert label_set("None") == label_set("no") != frozenset()


def test_labels_with_an_intensity() -> None:
    assert label_and_intensity("Anger (Strong)") == ("angry", "strong")
    assert label_and_intensity("angry") == ("angry", None)
    assert label_and_intensity("angry ()") == ("angry", None)
