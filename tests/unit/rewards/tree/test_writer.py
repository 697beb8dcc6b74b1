"""The writer is the parser's inverse, and refuses what would be read as another tree."""

import re

import pytest
from hypothesis import given

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.parser import parse
from rewards.tree.writer import UnwritableTree, rationale_grammar, write
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.tree.trees import affective_trees


@given(affective_trees)
def test_writing_and_parsing_are_inverse(tree: AffectiveTree) -> None:
    parsed = parse(write(tree, "happy"))
    assert parsed.tree == tree
    assert parsed.answer == "happy"


def test_what_is_written_is_what_was_read() -> None:
    tree = parse(GOOD).tree
    assert write(tree, "Angry") == GOOD
    assert write(tree) == GOOD.removesuffix("\n<answer>Angry</answer>")
    assert write(tree, levels=["attribute"]) == "<tree>\nattribute\na1 hair color: brown\na2 eyebrow angle: lowered\n</tree>"


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (Person((Attribute("a1", "hair: color", "brown"),)), "a1: 'hair: color' cannot be written"),
        (Person((Attribute("a1", "hair", ""),)), "a1: ''"),
        (Person((), (Expression("e1", "scowl < a1"),)), "e1: 'scowl < a1'"),
        (Person((), (), (Emotion("m1", "angry (very)"),)), "m1: .* hold none of '<\\(\\)' here"),
        (Person((), (), (Emotion("m1", "angry", "very\n"),)), "m1: 'very"),
    ],
)
def test_a_tree_that_would_be_read_as_another_is_refused(person: Person, said: str) -> None:
    with pytest.raises(UnwritableTree, match=said):
        write(AffectiveTree((person,)))


def test_the_grammar_defines_what_it_uses() -> None:
    rules = dict(re.findall(r"^([\w-]+) ::= (.*)$", rationale_grammar(), re.MULTILINE))
    names = re.sub(r'"[^"]*"|\[[^]]*\]', "", " ".join(rules.values()))  # without texts and sets of characters
    assert set(re.findall(r"[\w-]+", names)) == rules.keys() - {"root"}
