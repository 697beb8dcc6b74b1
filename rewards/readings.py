"""Which line of a completion states what, and whether the gold tree has it: for learners that credit lines or nodes apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from rewards.sample import RewardSample
from rewards.tree.lines import line_levels
from rewards.tree.nodes import Person
from rewards.tree.taxonomy import fold


@dataclass(frozen=True)
class JudgedNode:
    """One node that a completion states."""

    about: Hashable
    """What the node is about: the same for nodes of other completions that speak of the same thing."""
    value: float
    """1 if the gold tree has the node, else 0."""


@dataclass(frozen=True)
class Reading:
    """What the lines of a completion state; lines count from 0."""

    levels: Mapping[int, str]
    """Line -> level of the tree, for headers and nodes."""
    nodes: Mapping[int, JudgedNode]
    """Line -> the node on it; empty where there is no gold tree to judge by."""


def read(sample: RewardSample) -> Reading:
    """Read a completion line by line; what a scorer has parsed of it already is not parsed again."""
    return Reading(line_levels(sample.completion), judged_nodes(sample))


def judged_nodes(sample: RewardSample) -> dict[int, JudgedNode]:
    """Line (from 0) -> the node on it; empty without a gold tree, and for a completion with several trees.

    A leaf is about its person's aspect, an expression and an emotion about their place among the person's: what a node is
    about is written before what it says of it. Right are, as for the scorers `leaf`, `expression` and `root`, a folded aspect
    and value of this person, a folded name, and a folded label of this person that rests on an expression that rests on an
    attribute. What is stated more often than the gold tree has it is wrong the further times.
    """
    gold = sample.gold.tree if sample.tree else None
    if gold is None or gold.is_empty() or sample.parsed.has("second_tree"):
        return {}
    left = Counter(node.said for number, person in enumerate(gold.persons) for node in _nodes(number, person))
    found = {}
    for number, person in enumerate(sample.parsed.tree.persons):
        for node in _nodes(number, person):
            right = node.grounded and left[node.said] > 0
            left[node.said] -= right
            found[sample.parsed.lines[number, node.id] - 1] = JudgedNode(node.about, float(right))
    return found


@dataclass(frozen=True)
class _Node:
    id: str
    about: Hashable
    said: tuple[object, ...]
    grounded: bool = True


def _nodes(number: int, person: Person) -> Iterator[_Node]:
    """The nodes of the person that is `number` in the text."""
    for a in person.attributes:
        aspect = fold(a.aspect)
        yield _Node(a.id, (number, "attribute", aspect), (number, "attribute", aspect, fold(a.value)))
    seen = {a.id for a in person.attributes}
    for place, e in enumerate(person.expressions):
        yield _Node(e.id, (number, "expression", place), ("expression", fold(e.name)))
    resting = {e.id for e in person.expressions if seen & set(e.rests_on)}
    for place, m in enumerate(person.emotions):
        grounded = bool(resting & set(m.rests_on))
        yield _Node(m.id, (number, "emotion", place), (number, "emotion", fold(m.label)), grounded)
