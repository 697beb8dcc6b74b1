"""Each node of a stated tree judged by itself, for learners that credit nodes apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from rewards.sample import RewardSample
from rewards.taxonomy import fold
from rewards.tree import Person


@dataclass(frozen=True)
class JudgedNode:
    """One node that a completion states."""

    key: Hashable
    """What the node is about: the same for nodes of other completions that speak of the same thing."""
    value: float
    """1 if the gold tree has the node, else 0."""


def judged_nodes(sample: RewardSample) -> dict[int, JudgedNode]:
    """Line (from 0) -> the node on it; empty without a gold tree.

    A leaf is about its person's aspect, an expression about the aspects of its evidence, an emotion about its place among
    the person's. Right is what the scorers `leaf`, `expression` and `root` count: the folded aspect and value, the folded
    name, the folded label; what is stated more often than the gold tree has it is wrong the further times.
    """
    gold = sample.gold.tree if sample.tree else None
    if gold is None or gold.is_empty():
        return {}
    left = Counter(said for person in gold.persons for _, said in _nodes(person).values())
    found = {}
    for number, person in enumerate(sample.parsed.tree.persons):
        for node_id, (key, said) in _nodes(person).items():
            right = left[said] > 0
            left[said] -= right
            found[sample.parsed.lines[number, node_id] - 1] = JudgedNode((number, *key), float(right))
    return found


def _nodes(person: Person) -> dict[str, tuple[tuple[Hashable, ...], tuple[str, ...]]]:
    """Node id -> (what it is about, what it says)."""
    aspects = {a.id: fold(a.aspect) for a in person.attributes}
    found: dict[str, tuple[tuple[Hashable, ...], tuple[str, ...]]] = {}
    for a in person.attributes:
        found[a.id] = ("attribute", fold(a.aspect)), ("attribute", fold(a.aspect), fold(a.value))
    for e in person.expressions:
        about = frozenset(aspects.get(node_id, "") for node_id in e.rests_on)
        found[e.id] = ("expression", about), ("expression", fold(e.name))
    for place, m in enumerate(person.emotions):
        found[m.id] = ("emotion", place), ("emotion", fold(m.label))
    return found
