"""What is right in a completion's tree. It is judged once; scorers, credit rules and measures all take it from here.

The rules, with their reasons, are in docs/affective-tree.md ("What counts as right").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from rewards.tree.coverage import coverage
from rewards.tree.judged_person import JudgedPerson
from rewards.tree.matching import match_persons
from rewards.tree.nodes import AffectiveTree, Person
from rewards.tree.parser import Parsed
from rewards.tree.taxonomy import fold
from rewards.tree.verdicts import Judgement, Tally


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


def judge(
    stated: AffectiveTree,
    gold: AffectiveTree,
    covers: Mapping[str, Any] | None = None,
    answered: Collection[str] | None = None,
) -> Judgement:
    """Judge a tree by the gold tree.

    Args:
        stated: the completion's tree.
        gold: the gold tree, which is not empty.
        covers: what it covers (`rewards.tree.coverage`).
        answered: the folded labels of the completion's answer. If one of them is not the label of a root, no root is right,
            since tree and answer must not be bets on different emotions. None leaves that out.
    """
    covered = coverage(gold, covers)
    places = match_persons(stated, gold, covered)
    people = [JudgedPerson(person, place, gold, covered) for person, place in zip(stated.persons, places, strict=True)]
    labels = {fold(m.label) for m in stated.emotions()}
    known = [of.only(person) for person, of in zip(gold.persons, covered.persons, strict=True)]
    true_roots = sum(len(person.emotions) for person in known)
    roots = [root for one in people for root in one.roots]
    void = bool(answered and not labels.issuperset(answered)) or (true_roots == 1 and len(roots) > 1)
    if void:
        roots = [replace(root, right=False) for root in roots]
    unmatched = [place for place in range(len(gold.persons)) if place not in places]
    missing = [JudgedPerson(Person(), place, gold, covered) for place in unmatched]
    return Judgement(
        AffectiveTree(tuple(one.comparable for one in sorted(people, key=lambda one: one.place) if not one.unknown)),
        AffectiveTree(tuple(known)),
        sum((one.attributes for one in (*people, *missing)), Tally()),
        sum((one.expressions for one in (*people, *missing)), Tally()),
        sum((one.edges for one in (*people, *missing)), Tally()),
        tuple(roots),
        true_roots,
        {(written, key): node for written, one in enumerate(people) for key, node in one.nodes(void)},
    )
