"""The words of the field, and the form in which texts are compared."""

import pytest

from rewards.tree.taxonomy import fold, taxonomy


@pytest.mark.parametrize(
    ("text", "folded"),
    [("  Hair   Colour ", "hair color"), ("Furious!", "angry"), ("blonde", "blond"), ("Zebra.", "zebra"), ("", "")],
)
def test_texts_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_folding_twice_changes_nothing() -> None:
    words = taxonomy()
    every = [*words["synonyms"], *(other for others in words["synonyms"].values() for other in others), *words["aspects"]]
    assert [fold(fold(word)) for word in every] == [fold(word) for word in every]


def test_no_word_is_a_synonym_of_two() -> None:
    others = [fold_free for group in taxonomy()["synonyms"].values() for fold_free in group]
    assert len(others) == len(set(others))
