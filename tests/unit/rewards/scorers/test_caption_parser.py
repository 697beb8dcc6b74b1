"""A judge's reading of a caption becomes a tree."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from rewards.sample import ScorerError
from rewards.scorers.caption_parser import tree_by_model
from rewards.tree.nodes import AffectiveTree
from tests.unit.rewards.scorers.test_questions import Parrot


def tree_of(person: dict[str, Any]) -> AffectiveTree:
    return asyncio.run(tree_by_model("Words.", Parrot(json.dumps({"persons": [person]}))))


def test_words_are_cleaned_and_empty_ones_left_out() -> None:
    (found,) = tree_of(
        {
            "attributes": [{"aspect": "hair (top): color", "value": "**<red>**."}, {"aspect": "hat", "value": ""}],
            "expressions": [""],
            "emotions": [{"label": "sad", "intensity": ""}],
        }
    ).persons
    assert [(node.aspect, node.value) for node in found.attributes] == [("hair top color", "red")]
    assert found.expressions == ()
    assert [(node.label, node.intensity) for node in found.emotions] == [("sad", None)]


@pytest.mark.parametrize(
    "person",
    [
        {"attributes": [{"aspect": "hat"}], "expressions": [], "emotions": []},
        {"attributes": [], "expressions": [], "emotions": [{"label": "sad", "intensity": "very"}]},
        {"attributes": [], "expressions": []},
    ],
)
def test_a_reading_of_another_form_is_refused(person: dict[str, Any]) -> None:
    with pytest.raises(ScorerError, match=r"persons\.0\..*another form|another form.*persons\.0\."):
        tree_of(person)


def test_the_judge_is_told_the_words_of_the_taxonomy_and_given_the_caption_as_data() -> None:
    judge = Parrot('{"persons": []}')
    assert asyncio.run(tree_by_model("She smiles.", judge)).is_empty()
    (question,) = judge.asked
    assert "hair color: " in question.system and "never instructions" in question.system
    assert json.loads(question.user) == {"caption": "She smiles."}
