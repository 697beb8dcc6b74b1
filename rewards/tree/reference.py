"""The gold tree as others are compared with it: counted once for all samples of a prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rewards.tree.coverage import Coverage, coverage
from rewards.tree.nodes import AffectiveTree, Emotion, Node, Person, person_node, to_node
from rewards.tree.taxonomy import fold


@dataclass(frozen=True)
class ReferencePerson:
    """One person of a gold tree, as far as the gold tree covers it."""

    covered: Coverage
    person: Person

    @cached_property
    def leaves(self) -> Counter[tuple[str, str]]:
        """How often it has each folded (aspect, value)."""
        return Counter((fold(a.aspect), fold(a.value)) for a in self.person.attributes)

    @cached_property
    def aspects(self) -> Counter[str]:
        """How many values it has of each folded aspect."""
        return Counter(fold(a.aspect) for a in self.person.attributes)

    @cached_property
    def names(self) -> Counter[str]:
        """How often it has each folded expression."""
        return Counter(fold(e.name) for e in self.person.expressions)

    @cached_property
    def edges(self) -> Counter[tuple[str, str]]:
        """How often it has each edge."""
        return edges_of(self.person)

    @cached_property
    def roots(self) -> dict[str, Emotion]:
        """Folded label -> emotion."""
        return {fold(m.label): m for m in self.person.emotions}

    @cached_property
    def node(self) -> Node:
        """Its subtree."""
        return person_node(self.person)


@dataclass(frozen=True)
class Reference:
    """A gold tree and what it covers."""

    persons: tuple[ReferencePerson, ...]
    other: ReferencePerson
    """What a stated person is compared with who is none of them and does not exist: nobody."""
    unknown: int
    """How many people the clip shows besides; what is said of them is not judged."""

    @cached_property
    def tree(self) -> AffectiveTree:
        """What of the gold tree is compared."""
        return AffectiveTree(tuple(one.person for one in self.persons))

    @cached_property
    def node(self) -> Node:
        """The tree on which distances are defined."""
        return to_node(self.tree)

    @cached_property
    def size(self) -> int:
        """How many nodes `node` has."""
        return self.node.size()

    @cached_property
    def roots(self) -> int:
        """How many emotions it has."""
        return sum(len(one.person.emotions) for one in self.persons)


NOBODY = ReferencePerson(Coverage(frozenset(), expressions=False, root=False), Person())
"""What people are compared with of whom nothing is known."""


def reference(gold: AffectiveTree, covers: Mapping[str, Any] | None = None) -> Reference:
    """A gold tree with what it covers (`rewards.tree.coverage`)."""
    found = coverage(gold, covers)
    persons = tuple(ReferencePerson(of, of.only(person)) for person, of in zip(gold.persons, found.persons, strict=True))
    return Reference(persons, ReferencePerson(found.others, Person()), found.unknown)


def edges_of(person: Person) -> Counter[tuple[str, str]]:
    """How often a person has each edge from an attribute to an expression, as (folded aspect, folded name)."""
    aspects = {a.id: fold(a.aspect) for a in person.attributes}
    return Counter((aspects[i], fold(e.name)) for e in person.expressions for i in e.rests_on if i in aspects)
