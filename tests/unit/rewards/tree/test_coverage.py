"""What a gold tree covers."""

from __future__ import annotations

import pytest

from rewards.tree.coverage import Coverage, coverage, covers_problem
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person

ONE = Person((Attribute("a1", "Hair colour", "brown"),), (Expression("e1", "smile", ("a1",)),), (Emotion("m1", "happy"),))
OTHER = Person((Attribute("a1", "hat", "yes"),))
PAIR = AffectiveTree((ONE, OTHER))


def test_a_person_is_covered_as_far_as_the_gold_tree_speaks_of_it() -> None:
    found = coverage(PAIR)
    assert found.persons == (
        Coverage(frozenset({"hair color"}), expressions=True, root=True),
        Coverage(frozenset({"hat"}), expressions=False, root=False),
    )
    assert found.others == Coverage(frozenset({"hair color", "hat"}), expressions=True, root=True)
    assert found.unknown == 0


def test_a_row_may_say_what_is_covered() -> None:
    found = coverage(PAIR, {"aspects": "all", "expressions": False, "root": None, "persons": 3})
    assert found.persons[0] == Coverage(None, expressions=False, root=True)
    assert found.persons[1] == Coverage(None, expressions=False, root=False)
    assert found.unknown == 1
    assert coverage(PAIR, {"aspects": ["Hat"], "persons": 1}).persons[0].aspects == {"hat"}
    assert coverage(PAIR, {"persons": 1}).unknown == 0


def test_only_what_is_covered_is_compared() -> None:
    assert Coverage(frozenset({"hair color"}), True, False).only(ONE) == Person(ONE.attributes, ONE.expressions)
    assert Coverage(frozenset(), False, True).only(ONE) == Person(emotions=ONE.emotions)
    assert Coverage(None, True, True).only(ONE) == ONE
    assert [of.has_attributes() for of in (Coverage(None, True, True), Coverage(frozenset(), True, True))] == [True, False]


@pytest.mark.parametrize(
    ("covers", "said"),
    [
        (None, None),
        ({}, None),
        ({"aspects": "all"}, None),
        ({"aspects": ["hat"], "expressions": False, "root": None, "persons": 2}, None),
        ("root", "must be `key: value` pairs, such as {aspects: [hair color], root: true}, found 'root'"),
        ({"aspect": ["hat"]}, "has the unknown key 'aspect'; it takes aspects, expressions, root, persons"),
        ({"aspects": "hat"}, "`aspects` must be a list of aspects, or all, found 'hat'"),
        ({"root": "yes"}, "`root` must be true or false, found 'yes'"),
        ({"persons": 0}, "`persons` must be how many people the clip shows, 1 or more, found 0"),
        ({"persons": True}, "`persons` must be how many people the clip shows, 1 or more, found True"),
    ],
)
def test_what_the_column_may_hold(covers: object, said: str | None) -> None:
    assert covers_problem(covers) == said
