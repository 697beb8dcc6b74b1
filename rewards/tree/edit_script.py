"""Which nodes are missing, spurious or changed: a cheapest edit script, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rewards.tree.edit_distance import UNIT, Costs, cost_arrays, postorder, subtree_distances
from rewards.tree.nodes import Node


@dataclass(frozen=True)
class Edit:
    """One node of the found or the gold tree, and how the two trees differ there."""

    kind: Literal["matched", "missing", "spurious", "changed"]
    found: str | None
    """Label in the found tree; None for a missing node."""
    gold: str | None
    """Label in the gold tree; None for a spurious node."""
    gold_index: int | None
    """Index of the gold node in postorder; None for a spurious node."""


def edit_script(found: Node, gold: Node, costs: Costs = UNIT) -> tuple[Edit, ...]:
    """A cheapest script that turns `found` into `gold`. It begins with the roots and goes back in postorder.

    The costs of its edits add up to `edit_distance(found, gold, costs)`.
    """
    a, b = postorder(found), postorder(gold)
    tree = subtree_distances(a, b, costs)
    delete, insert, change = cost_arrays(a, b, costs)
    edits: list[Edit] = []
    pending = [(len(a.labels) - 1, len(b.labels) - 1)]
    while pending:
        i, j = pending.pop()
        first_i, first_j = int(a.leftmost[i]), int(b.leftmost[j])
        forest = _forest(i, j, a.leftmost, b.leftmost, tree, delete, insert, change)
        x, y = i + 1, j + 1
        while x > first_i or y > first_j:
            here = forest[x - first_i, y - first_j]  # one of the sums below, to the last bit
            if x > first_i and here == forest[x - first_i - 1, y - first_j] + delete[x - 1]:
                x -= 1
                edits.append(Edit("spurious", a.labels[x], None, None))
            elif y > first_j and here == forest[x - first_i, y - first_j - 1] + insert[y - 1]:
                y -= 1
                edits.append(Edit("missing", None, b.labels[y], y))
            elif a.leftmost[x - 1] == first_i and b.leftmost[y - 1] == first_j:
                x, y = x - 1, y - 1
                same = a.labels[x] == b.labels[y]
                edits.append(Edit("matched" if same else "changed", a.labels[x], b.labels[y], y))
            else:  # two whole subtrees face each other: their script is found on its own
                pending.append((x - 1, y - 1))
                x, y = int(a.leftmost[x - 1]), int(b.leftmost[y - 1])
    return tuple(edits)


def _forest(
    i: int,
    j: int,
    left_a: np.ndarray,
    left_b: np.ndarray,
    tree: np.ndarray,
    delete: np.ndarray,
    insert: np.ndarray,
    change: np.ndarray,
) -> np.ndarray:
    """The distances between the forests in the subtrees of i and j, in the table of Zhang & Shasha."""
    li, lj = int(left_a[i]), int(left_b[j])
    forest = np.zeros((i - li + 2, j - lj + 2))
    forest[1:, 0] = np.cumsum(delete[li : i + 1])
    forest[0, 1:] = np.cumsum(insert[lj : j + 1])
    for x in range(li, i + 1):
        for y in range(lj, j + 1):
            row, column = x - li + 1, y - lj + 1
            best = min(forest[row - 1, column] + delete[x], forest[row, column - 1] + insert[y])
            if left_a[x] == li and left_b[y] == lj:
                best = min(best, forest[row - 1, column - 1] + change[x, y])
            else:
                best = min(best, forest[left_a[x] - li, left_b[y] - lj] + tree[x, y])
            forest[row, column] = best
    return forest
