"""What was found to be right in a completion's tree: counts, nodes, roots."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """Counts of the nodes or edges of one kind, as far as the gold tree covers them."""

    hits: int = 0
    """Those of the completion that are right."""
    found: int = 0
    """Those of the completion."""
    true: int = 0
    """Those of the gold tree."""

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> Tally:
        """The sum of several."""
        if len(tallies) == 1:
            return tallies[0]
        return cls(sum(t.hits for t in tallies), sum(t.found for t in tallies), sum(t.true for t in tallies))


@dataclass(frozen=True)
class JudgedNode:
    """One node that a completion states."""

    about: Hashable
    """What the node is about: the same for nodes of other completions that speak of the same thing. It begins with the
    person's place in the gold tree and the level."""
    value: float | None
    """1 if it is right, 0 if it is wrong, and for an emotion as far as its evidence is right; None where the gold tree does
    not cover it, so that it is neither."""


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
    """How far what it rests on is right, in [0, 1]: the share of its attributes that are, times the share of its expressions,
    as far as the gold tree covers them. 0 if it covers attributes, and none of them is here."""
