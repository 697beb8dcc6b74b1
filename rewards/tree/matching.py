"""Which person of a completion is which person of the gold tree. Nothing tells a model an order, so the best one counts."""

from __future__ import annotations

from rewards.tree.nodes import AffectiveTree, person_node
from rewards.tree.reference import Reference

_MOST = 64
"""Stated persons that are compared; any further ones are nobody's, so that a flood of persons costs no time."""
_WRITTEN_ORDER = 1e-6
"""Decides between assignments that cost the same: those that keep the written order come first."""


def match_persons(stated: AffectiveTree, gold: Reference) -> tuple[int, ...]:
    """The place in the gold tree of each stated person, by the assignment that costs the fewest edits in all.

    Args:
        stated: the completion's tree.
        gold: the gold tree.

    Returns:
        One place for each stated person. Those beyond the gold tree's persons get the places after its last, in order.
    """
    people, true = stated.persons, gold.persons
    if len(people) <= 1 and len(true) <= 1:
        return tuple(range(len(people)))
    chosen = _assignment(stated, gold) if true else {}
    others = iter(range(len(true), len(true) + len(people)))
    return tuple(chosen[place] if place in chosen else next(others) for place in range(len(people)))


def _assignment(stated: AffectiveTree, gold: Reference) -> dict[int, int]:
    import numpy as np  # here, with scipy and numba: a single person, which most clips show, needs none of them
    from scipy.optimize import linear_sum_assignment

    from rewards.tree.edit_distance import edit_distance

    price = np.empty((min(len(stated.persons), _MOST), len(gold.persons)))
    for row, person in enumerate(stated.persons[:_MOST]):
        for column, true in enumerate(gold.persons):
            found = person_node(true.covered.only(person))
            # what a match saves against leaving both alone, which is a deletion and an insertion of all their nodes
            saved = found.size() + true.node.size() - edit_distance(found, true.node)
            price[row, column] = abs(row - column) * _WRITTEN_ORDER - saved
    rows, columns = linear_sum_assignment(price)
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))
