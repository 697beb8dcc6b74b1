"""The affective tree as data: attributes -> expressions -> emotions, for each person.

Source: VidEmo (arXiv 2511.02712), section 3.2, Eq. 1. The choices that the paper leaves open are listed in
docs/affective-tree.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rewards.tree.taxonomy import fold

LEVELS = ("attribute", "expression", "emotion")
"""The levels of a tree, in the order in which a rationale writes them: evidence first."""


@dataclass(frozen=True)
class Attribute:
    """A leaf: what is seen, as an aspect-value pair such as `hair color: brown`."""

    id: str
    """The name by which other nodes refer to it, such as `a1`; an expression's is `e1`, an emotion's `m1`."""
    aspect: str
    value: str


@dataclass(frozen=True)
class Expression:
    """A middle node: what the face or the scene does, such as `scowl`."""

    id: str
    name: str
    rests_on: tuple[str, ...] = ()
    """Ids of the attributes that it is inferred from."""


@dataclass(frozen=True)
class Emotion:
    """A root: an emotion and, if stated, its intensity."""

    id: str
    label: str
    intensity: str | None = None
    """Such as `strong`; None if none is stated."""
    rests_on: tuple[str, ...] = ()
    """Ids of the expressions that it is inferred from."""


@dataclass(frozen=True)
class Person:
    """The nodes of one person, level by level, in the order in which they were written."""

    attributes: tuple[Attribute, ...] = ()
    expressions: tuple[Expression, ...] = ()
    emotions: tuple[Emotion, ...] = ()

    def is_empty(self) -> bool:
        """Whether nothing is stated of the person."""
        return not (self.attributes or self.expressions or self.emotions)


@dataclass(frozen=True)
class AffectiveTree:
    """The trees of all persons in one video, in the order in which they were written."""

    persons: tuple[Person, ...] = ()

    def attributes(self) -> Iterator[Attribute]:
        """The attributes of all persons."""
        return (node for person in self.persons for node in person.attributes)

    def expressions(self) -> Iterator[Expression]:
        """The expressions of all persons."""
        return (node for person in self.persons for node in person.expressions)

    def emotions(self) -> Iterator[Emotion]:
        """The emotions of all persons."""
        return (node for person in self.persons for node in person.emotions)

    def is_empty(self) -> bool:
        """Whether nothing is stated of anybody."""
        return all(person.is_empty() for person in self.persons)


@dataclass(frozen=True)
class Node:
    """A labelled ordered tree: the form on which edit distances are defined."""

    label: str
    children: tuple[Node, ...] = ()

    def size(self) -> int:
        """How many nodes the tree has, this one included."""
        count, waiting = 0, [self]
        while waiting:
            count += 1
            waiting += waiting.pop().children
        return count


def to_node(tree: AffectiveTree) -> Node:
    """The ordered tree that is compared: a virtual root over persons, emotions, expressions and attributes.

    A node named by two parents hangs under the first; a node named by none hangs under its person. Labels are folded
    through the taxonomy's synonyms, and siblings are sorted by label, so that the order in which a model lists its
    evidence does not count.
    """
    return Node("video", tuple(person_node(person) for person in tree.persons))


def person_node(person: Person) -> Node:
    """The subtree of one person in `to_node`."""
    leaves = {a.id: Node(_attribute_label(a)) for a in person.attributes}  # those that hang under nobody yet
    middles = {e.id: e for e in person.expressions}
    place = {e.id: number for number, e in enumerate(person.expressions)}

    def middle(e: Expression) -> Node:
        return Node(_expression_label(e), _sorted([leaves.pop(i) for i in e.rests_on if i in leaves]))

    roots = []
    for m in person.emotions:
        taken = [middles.pop(i) for i in m.rests_on if i in middles]
        taken.sort(key=lambda e: place[e.id])
        roots.append(Node(_emotion_label(m), _sorted([middle(e) for e in taken])))
    roots += [middle(e) for e in middles.values()]
    return Node("person", _sorted([*roots, *leaves.values()]))


def _attribute_label(attribute: Attribute) -> str:
    return f"attribute {fold(attribute.aspect)}: {fold(attribute.value)}"


def _expression_label(expression: Expression) -> str:
    return f"expression {fold(expression.name)}"


def _emotion_label(emotion: Emotion) -> str:
    strength = f" ({fold(emotion.intensity)})" if emotion.intensity else ""
    return f"emotion {fold(emotion.label)}{strength}"


def _sorted(nodes: list[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=_order)) if len(nodes) > 1 else tuple(nodes)


def _order(node: Node) -> tuple[str, tuple[str, ...]]:
    return node.label, tuple(child.label for child in node.children)
