"""What each line of a completion states, and whether the gold tree has it: for learners that credit lines or nodes apart."""

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
    """What the lines of a completion state. Lines count from 0."""

    levels: Mapping[int, str]
    """Line -> level of the tree, for headers and nodes."""
    nodes: Mapping[int, JudgedNode]
    """Line -> the node on it; empty where there is no gold tree to judge by."""


def read(sample: RewardSample) -> Reading:
    """Read a completion line by line. What a scorer has parsed of the sample already is not parsed again."""
    return Reading(line_levels(sample.completion), judged_nodes(sample))


def judged_nodes(sample: RewardSample) -> dict[int, JudgedNode]:
    """Line (from 0) -> the node on it; empty without a gold tree, and for a completion with several trees.

    What a node is about is written before what it says. A leaf is about an aspect of its person; the third expression of a
    person is about the third expression, whatever its name, and so is an emotion.

    Texts are compared as by the scorers `leaf`, `expression` and `root`, synonyms folded. A leaf is right if the gold tree has
    its aspect and value for this person, an expression if it has the name, and an emotion if it has the label for this person
    and the emotion rests on an expression that rests on an attribute. A node that is stated more often than the gold tree has
    it is wrong from there on.
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
    """The nodes of a person; `number` is the person's place in the text."""
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
