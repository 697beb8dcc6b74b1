"""What was found to be right in a completion's tree: counts, nodes, roots."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from rewards.tree.nodes import AffectiveTree


@dataclass(frozen=True)
class Tally:
    """Counts of the nodes or edges of one kind, as far as the gold tree covers them."""

    hits: int = 0
    """Those of the completion that are right."""
    found: int = 0
    """Those of the completion."""
    true: int = 0
    """Those of the gold tree."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.hits + other.hits, self.found + other.found, self.true + other.true)


@dataclass(frozen=True)
class JudgedNode:
    """One node that a completion states."""

    about: Hashable
    """What the node is about: the same for nodes of other completions that speak of the same thing. It begins with the
    person's place in the gold tree and the level."""
    value: float | None
    """1 if it is right, 0 if it is wrong; None where the gold tree does not cover it, so that it is neither."""


@dataclass(frozen=True)
class JudgedRoot:
    """One emotion that a completion states of somebody whose emotion is known."""

    right: bool
    """Whether the label is right."""
    same_intensity: bool
    """Whether the gold tree states no intensity of it, or this one."""
    linked: bool
    """Whether it rests on an expression that rests on an attribute."""
    evidence: float
    """Share of the nodes that it rests on that are right, of those that the gold tree covers. Where it covers no attributes,
    1 if it is linked, else 0."""


@dataclass(frozen=True)
class Judgement:
    """A completion's tree beside the gold tree."""

    stated: AffectiveTree
    """What the completion states, as far as the gold tree covers it, with its persons in the gold tree's order."""
    gold: AffectiveTree
    attributes: Tally
    expressions: Tally
    edges: Tally
    """Edges from attributes to the expressions that rest on them, as (aspect, expression)."""
    roots: tuple[JudgedRoot, ...]
    true_roots: int
    """Emotions of the gold tree, as far as it covers them."""
    nodes: Mapping[tuple[int, str], JudgedNode]
    """(place of the person as written, node id) -> the node."""
