"""Which person is which: the assignment that costs the fewest edits."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.edit_distance import edit_distance
from rewards.tree.matching import match_persons
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person, person_node
from rewards.tree.reference import reference

values = st.sampled_from(["brown", "black", "red"])


@st.composite
def persons(draw: st.DrawFn) -> Person:
    attributes = tuple(Attribute(f"a{n}", aspect, draw(values)) for n, aspect in enumerate(("hair color", "hat"), 1))
    names = draw(st.lists(st.sampled_from(["smile", "scowl"]), max_size=2))
    expressions = tuple(Expression(f"e{n}", name, ("a1",)) for n, name in enumerate(names, 1))
    return Person(attributes, expressions, (Emotion("m1", draw(st.sampled_from(["happy", "sad"])), None, ("e1",)),))


trees = st.lists(persons(), min_size=1, max_size=4).map(lambda found: AffectiveTree(tuple(found)))


def price(stated: AffectiveTree, gold: AffectiveTree, places: tuple[int, ...]) -> float:
    """Edits in all: of those that are matched, and of all nodes of the others on both sides."""
    found = [person_node(person) for person in stated.persons]
    true = [person_node(person) for person in gold.persons]
    matched = {row: place for row, place in enumerate(places) if place < len(true)}
    alone = sum(node.size() for row, node in enumerate(found) if row not in matched)
    missing = sum(node.size() for place, node in enumerate(true) if place not in matched.values())
    return alone + missing + sum(edit_distance(found[row], true[place]) for row, place in matched.items())


@given(trees, trees)
@settings(max_examples=150, deadline=None)
def test_no_other_assignment_costs_less(stated: AffectiveTree, gold: AffectiveTree) -> None:
    places = match_persons(stated, reference(gold, {"aspects": "all", "expressions": True, "root": True}))
    assert len(places) == len(set(places)) == len(stated.persons)
    everybody = range(max(len(stated.persons), len(gold.persons)))
    cheapest = min(price(stated, gold, order) for order in itertools.permutations(everybody, len(stated.persons)))
    assert price(stated, gold, places) == cheapest


def test_equal_persons_keep_their_order_and_others_come_last() -> None:
    same = Person((Attribute("a1", "hat", "yes"),))
    three = AffectiveTree((same, same, same))
    assert match_persons(three, reference(three)) == (0, 1, 2)
    one = AffectiveTree((same,))
    assert match_persons(three, reference(one)) == (0, 1, 2)
    other = AffectiveTree((Person((Attribute("a1", "hat", "no"),)), same))
    assert match_persons(other, reference(one)) == (1, 0)


def test_a_flood_of_persons_is_cut() -> None:
    same = Person((Attribute("a1", "hat", "yes"),))
    crowd, one = AffectiveTree((same,) * 5000), AffectiveTree((same,))
    assert match_persons(crowd, reference(one)) == tuple(range(5000))
