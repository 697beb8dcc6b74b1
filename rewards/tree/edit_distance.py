"""Ordered tree edit distance (Zhang & Shasha 1989, doi 10.1137/0218082), compiled with numba and cached on disk.

VidEmo's tree reward is R = exp(-lambda * Edit(T_gold, T_pred)), Eq. 2, where Edit is the minimal number of insertions,
deletions and substitutions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from rewards.tree.nodes import Node


@dataclass(frozen=True)
class Costs:
    """What an edit costs. The paper's "minimal number of edit operations" means 1 for each."""

    insert: float = 1.0
    delete: float = 1.0
    change: float | Callable[[str, str], float] = 1.0
    """The cost of giving a node a different label: a number, or a function of the old and the new label. In a distance it
    never counts for more than a deletion and an insertion."""


UNIT = Costs()


def edit_distance(a: Node, b: Node, costs: Costs = UNIT) -> float:
    """The least total cost of insertions, deletions and relabellings of nodes that turns `a` into `b`.

    Siblings are taken in the order in which they stand. With unit costs the distance is a metric.
    """
    if costs is UNIT:
        codes: dict[str, int] = {}
        flat: list[int] = []
        count_a = _flatten(a, codes, flat, 0)
        _flatten(b, codes, flat, 0)
        return float(_unit_distance(np.array(flat, dtype=np.int32), count_a))
    first, second = postorder(a), postorder(b)
    return float(subtree_distances(first, second, costs)[-1, -1])


@dataclass(frozen=True)
class Postorder:
    """A tree of n nodes in postorder: children before their parent."""

    labels: tuple[str, ...]
    leftmost: np.ndarray
    """int32 (n,): for each node, the index of the first node of its subtree, which is its leftmost leaf."""


def postorder(root: Node) -> Postorder:
    """A tree's nodes in postorder."""
    codes: dict[str, int] = {}
    flat: list[int] = []
    _flatten(root, codes, flat, 0)
    words = list(codes)
    return Postorder(tuple(words[code] for code in flat[::2]), np.array(flat[1::2], dtype=np.int32))


def subtree_distances(a: Postorder, b: Postorder, costs: Costs = UNIT) -> np.ndarray:
    """The distance of every subtree of `a` to every subtree of `b`: float64 (nodes of a, nodes of b)."""
    distances: np.ndarray = _zhang_shasha(a.leftmost, b.leftmost, *cost_arrays(a, b, costs))
    return distances


def cost_arrays(a: Postorder, b: Postorder, costs: Costs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cost of every edit.

    Returns:
        The cost of deleting each node of `a`, float64 (nodes of a,); of inserting each node of `b`, (nodes of b,); and of
        changing the one into the other, (nodes of a, nodes of b).
    """
    delete = np.full(len(a.labels), costs.delete, dtype=np.float64)
    insert = np.full(len(b.labels), costs.insert, dtype=np.float64)
    change = costs.change
    price = change if callable(change) else lambda _one, _other: change
    rows = [[0.0 if x == y else price(x, y) for y in b.labels] for x in a.labels]
    return delete, insert, np.array(rows, dtype=np.float64)


def _flatten(node: Node, codes: dict[str, int], flat: list[int], index: int) -> int:
    """Append (label code, index of the leftmost leaf) for a subtree's nodes in postorder; returns the next index."""
    first = index
    for child in node.children:
        index = _flatten(child, codes, flat, index)
    flat += (codes.setdefault(node.label, len(codes)), first)
    return index + 1


@njit(cache=True)
def _unit_distance(flat, count_a):  # type: ignore[no-untyped-def]
    labels, left = flat[::2].copy(), flat[1::2].copy()
    labels_a, labels_b = labels[:count_a], labels[count_a:]
    rows, columns = len(labels_a), len(labels_b)
    change = np.empty((rows, columns), dtype=np.int32)
    for x in range(rows):
        for y in range(columns):
            change[x, y] = labels_a[x] != labels_b[y]
    ones_a, ones_b = np.ones(rows, dtype=np.int32), np.ones(columns, dtype=np.int32)
    return _zhang_shasha(left[:count_a], left[count_a:], ones_a, ones_b, change)[rows - 1, columns - 1]


@njit(cache=True)
def _zhang_shasha(left_a, left_b, delete, insert, change):  # type: ignore[no-untyped-def]
    rows, columns = len(left_a), len(left_b)
    tree = np.zeros((rows, columns), dtype=change.dtype)
    forest = np.zeros((rows + 1, columns + 1), dtype=change.dtype)
    roots_a, roots_b = _keyroots(left_a), _keyroots(left_b)
    for i in roots_a:
        li = left_a[i]
        for j in roots_b:
            lj = left_b[j]
            forest[li, lj] = 0
            for y in range(lj, j + 1):
                forest[li, y + 1] = forest[li, y] + insert[y]
            for x in range(li, i + 1):
                whole_a = left_a[x] == li
                last = forest[x, lj] + delete[x]
                forest[x + 1, lj] = last
                for y in range(lj, j + 1):
                    last = min(forest[x, y + 1] + delete[x], last + insert[y])
                    if whole_a and left_b[y] == lj:
                        last = min(last, forest[x, y] + change[x, y])
                        tree[x, y] = last
                    else:
                        last = min(last, forest[left_a[x], left_b[y]] + tree[x, y])
                    forest[x + 1, y + 1] = last
    return tree


@njit(cache=True)
def _keyroots(left):  # type: ignore[no-untyped-def]
    """The nodes with a left sibling, and the root: for each leftmost leaf, the highest node above it."""
    taken = np.zeros(len(left), dtype=np.bool_)
    found = np.empty(len(left), dtype=np.int32)
    count = 0
    for index in range(len(left) - 1, -1, -1):
        if not taken[left[index]]:
            taken[left[index]] = True
            found[count] = index
            count += 1
    return found[:count][::-1].copy()
