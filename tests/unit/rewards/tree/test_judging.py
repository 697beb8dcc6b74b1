"""What is right in a tree, beyond what the scorers' own tests show."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.judging import Judgement, upward
from rewards.tree.judging import judge as judge_by
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Person
from rewards.tree.parser import parse
from rewards.tree.reference import reference
from rewards.tree.verdicts import Tally
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.tree.test_matching import trees

GOLD = parse(GOOD).tree


def judge(stated: AffectiveTree, gold: AffectiveTree, *answered: str) -> Judgement:
    return judge_by(stated, reference(gold), answered)


def test_a_gold_tree_is_right_in_all_against_itself() -> None:
    found = judge(GOLD, GOLD, "angry")
    assert (found.attributes, found.expressions, found.edges) == (Tally(2, 2, 2), Tally(1, 1, 1), Tally(1, 1, 1))
    assert [(one.right, one.linked, one.evidence) for one in found.roots] == [(True, True, 1.0)]
    assert found.stated == found.gold.tree == GOLD


def test_an_aspect_that_gold_has_twice_may_be_stated_twice() -> None:
    two = AffectiveTree((Person((Attribute("a1", "accessory", "hat"), Attribute("a2", "accessory", "scarf"))),))
    assert judge(two, two).attributes == Tally(2, 2, 2)
    three = AffectiveTree((Person((*two.persons[0].attributes, Attribute("a3", "accessory", "mask"))),))
    assert judge(three, two).attributes == Tally(0, 3, 2)


def test_missing_persons_count_as_missing() -> None:
    pair = AffectiveTree((*GOLD.persons, Person((Attribute("a1", "hat", "yes"),))))
    assert judge(GOLD, pair).attributes == Tally(2, 2, 3)
    assert judge(AffectiveTree(), pair).attributes == Tally(0, 0, 3)
    assert judge(AffectiveTree(), pair).stated == AffectiveTree()


def test_an_intensity_that_gold_does_not_state_is_not_compared() -> None:
    mild = AffectiveTree((Person(emotions=(Emotion("m1", "angry"),)),))
    assert judge(GOLD, mild).stated.persons[0].emotions[0].intensity is None
    assert judge(GOLD, mild).roots[0].same_intensity
    assert not judge(mild, GOLD).roots[0].same_intensity


def test_edges_to_what_stands_further_down_are_no_evidence() -> None:
    text = "<tree>\nexpression\ne1 scowl < a1\nattribute\na1 brow: low\nexpression\ne2 frown < a1\n</tree>"
    (person,) = upward(parse(text)).persons
    assert [(e.name, e.rests_on) for e in person.expressions] == [("scowl", ()), ("frown", ("a1",))]
    assert upward(parse(GOOD)) == GOLD


@given(trees, st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_persons_does_not_count(gold: AffectiveTree, rng) -> None:
    people = list(gold.persons)
    rng.shuffle(people)
    shuffled = judge(AffectiveTree(tuple(people)), gold)
    assert shuffled.stated == gold == shuffled.gold.tree
    assert (shuffled.attributes, shuffled.expressions) == (judge(gold, gold).attributes, judge(gold, gold).expressions)
