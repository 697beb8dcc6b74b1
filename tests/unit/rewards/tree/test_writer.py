"""The writer is the parser's inverse, and refuses what would be read as another tree."""

import re

import pytest
from hypothesis import given, settings

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.parser import parse
from rewards.tree.writer import UnwritableTree, rationale_grammar, write
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.tree.trees import affective_trees, odd_trees


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


@given(odd_trees)
@settings(max_examples=1000, deadline=None)
def test_a_tree_is_read_back_or_refused(tree: AffectiveTree) -> None:
    try:
        text = write(tree, "happy")
    except UnwritableTree:
        return
    parsed = parse(text)
    assert (parsed.tree, parsed.answer) == (tree, "happy")
    assert not parsed.has("spelling", "unknown_line", "second_tree", "unclosed_tree", "duplicate_id", "several_answers")


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (Person((Attribute("a1", "hair: color", "brown"),)), "a1: 'hair: color' cannot be written"),
        (Person((Attribute("a1", "hair", ""),)), "a1: ''"),
        (Person((), (Expression("e1", "scowl < a1"),)), "e1: 'scowl < a1'"),
        (Person((), (), (Emotion("m1", "angry (very)"),)), "m1: .* hold none of '<\\(\\)' here"),
        (Person((), (), (Emotion("m1", "angry", "very\n"),)), "m1: 'very"),
        (Person((), (), (Emotion("m1", "angry", ""),)), "m1: ''"),
        (Person((Attribute("x1", "hair", "brown"),)), "x1: 'x1 hair: brown' cannot be written; it could not be read"),
        (Person((Attribute("e1", "hair", "brown"),)), "e1: .* could not be read"),
        (Person((Attribute("a1234567", "hair", "brown"),)), "a1234567: .* could not be read"),
        (Person((Attribute("a01", "hair", "brown"),)), "a01: .* would be read as 'a1 hair: brown'"),
        (Person((Attribute("a1", "hair", "brown"), Attribute("a1", "eyes", "blue"))), "a1: 'a1 eyes: blue' .* could not be read"),
        (Person((Attribute("a1", "hair", "brown."),)), "a1: 'a1 hair: brown.' .* would be read as 'a1 hair: brown'"),
        (Person((Attribute("a1", "- a1", "brown"),)), "a1: .* would be read as 'a1 a1: brown'"),
        (Person((Attribute("a1", "hair：x", "brown"),)), "a1: .* would be read as 'a1 hair: x: brown'"),
        (Person((), (Expression("e1", "scowl", ("a1 a2",)),)), "e1: 'e1 scowl < a1 a2' cannot be written"),
        (Person((), (Expression("e1", "scowl", ("a1", "a1")),)), "e1: .* would be read as 'e1 scowl < a1'"),
        (Person((), (Expression("e1", "scowl", ("brows",)),)), "e1: .* would be read as 'e1 scowl'"),
    ],
)
def test_a_tree_that_would_be_read_as_another_is_refused(person: Person, said: str) -> None:
    with pytest.raises(UnwritableTree, match=said):
        write(AffectiveTree((person,)))


def test_a_tree_needs_persons_but_a_person_needs_no_nodes() -> None:
    with pytest.raises(UnwritableTree, match="a tree without persons cannot be written"):
        write(AffectiveTree())
    for tree in (AffectiveTree((Person(),)), AffectiveTree((Person(), Person((Attribute("a1", "x", "y"),)), Person()))):
        assert parse(write(tree)).tree == tree


def test_the_grammar_defines_what_it_uses() -> None:
    rules = dict(re.findall(r"^([\w-]+) ::= (.*)$", rationale_grammar(), re.MULTILINE))
    names = re.sub(r'"[^"]*"|\[[^]]*\]', "", " ".join(rules.values()))  # without texts and sets of characters
    assert set(re.findall(r"[\w-]+", names)) == rules.keys() - {"root"}
