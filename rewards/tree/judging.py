"""What is right in a completion's tree. It is judged once; scorers, credit rules and measures all take it from here.

The rules, with their reasons, are in docs/affective-tree.md ("What counts as right").
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rewards.tree.judged_person import JudgedPerson
from rewards.tree.matching import match_persons
from rewards.tree.nodes import AffectiveTree, Person
from rewards.tree.parser import Parsed
from rewards.tree.reference import NOBODY, Reference, ReferencePerson
from rewards.tree.taxonomy import fold
from rewards.tree.verdicts import JudgedNode, JudgedRoot, Tally


def upward(parsed: Parsed) -> AffectiveTree:
    """The tree of a text, without edges to nodes that stand further down: evidence comes first."""
    if not parsed.has("level_order"):
        return parsed.tree

    def above(place: int, node: Any) -> Any:
        line = parsed.lines[place, node.id]
        return replace(node, rests_on=tuple(i for i in node.rests_on if parsed.lines.get((place, i), 0) < line))

    return AffectiveTree(
        tuple(
            replace(
                person,
                expressions=tuple(above(place, e) for e in person.expressions),
                emotions=tuple(above(place, m) for m in person.emotions),
            )
            for place, person in enumerate(parsed.tree.persons)
        )
    )


def judge(stated: AffectiveTree, gold: Reference, answered: Collection[str] = ()) -> Judgement:
    """Judge a tree by the gold tree.

    Args:
        stated: the completion's tree.
        gold: the gold tree, which is not empty.
        answered: the folded labels of the completion's answer. If one of them is not the label of a root, no root is right,
            since tree and answer must not be bets on different emotions.
    """
    places = match_persons(stated, gold)
    people = [JudgedPerson(person, place, _true(gold, place)) for person, place in zip(stated.persons, places, strict=True)]
    missing = [JudgedPerson(Person(), place, one) for place, one in enumerate(gold.persons) if place not in places]
    roots = [root for one in people for root in one.roots]
    contradicted = bool(answered) and not {fold(m.label) for m in stated.emotions()}.issuperset(answered)
    void = contradicted or (gold.roots == 1 and len(roots) > 1)
    everybody = people + missing
    return Judgement(
        people=tuple(people),
        gold=gold,
        attributes=Tally.of([one.attributes for one in everybody]),
        expressions=Tally.of([one.expressions for one in everybody]),
        edges=Tally.of([one.edges for one in everybody]),
        roots=tuple(replace(root, right=False) for root in roots) if void else tuple(roots),
        void=void,
    )


def _true(gold: Reference, place: int) -> ReferencePerson:
    """Whom a person is compared with who stands at a place of the gold tree, or after its last."""
    if place < len(gold.persons):
        return gold.persons[place]
    return NOBODY if place - len(gold.persons) < gold.unknown else gold.other


@dataclass(frozen=True)
class Judgement:
    """A completion's tree beside the gold tree."""

    people: tuple[JudgedPerson, ...]
    """Everybody whom the completion states, in the order of the text."""
    gold: Reference
    attributes: Tally
    expressions: Tally
    edges: Tally
    """Edges from attributes to the expressions that rest on them, as (aspect, expression)."""
    roots: tuple[JudgedRoot, ...]
    void: bool
    """Whether no root counts: because of a second one, or of an answer that contradicts the tree."""

    @cached_property
    def stated(self) -> AffectiveTree:
        """What the completion states, as far as the gold tree covers it, with its persons in the gold tree's order."""
        known = (one for one in self.people if one.true is not NOBODY)
        return AffectiveTree(tuple(one.comparable() for one in sorted(known, key=lambda one: one.place)))

    def nodes(self) -> dict[tuple[int, str], JudgedNode]:
        """(place of the person as written, node id) -> the node."""
        return {(written, key): node for written, one in enumerate(self.people) for key, node in one.nodes(self.void)}
