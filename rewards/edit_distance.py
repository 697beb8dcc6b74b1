"""Ordered tree edit distance with unit costs (Zhang & Shasha 1989), compiled with numba.

VidEmo's tree reward is R = exp(-lambda * Edit(T_gold, T_pred)), Eq. 2, where Edit is the minimal number
of insertions, deletions and substitutions.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rewards.tree import Node


def edit_distance(a: Node, b: Node) -> int:
    """Minimal number of node insertions, deletions and relabellings that turn `a` into `b`."""
    labels: dict[str, int] = {}
    first, second = _postorder(a, labels), _postorder(b, labels)
    return int(_zhang_shasha(*first, *second))


def _postorder(root: Node, codes: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(label codes, index of each node's leftmost leaf, keyroots), nodes in postorder."""
    labels: list[int] = []
    leftmost: list[int] = []

    def visit(node: Node) -> int:
        first = -1
        for child in node.children:
            left = visit(child)
            first = left if first < 0 else first
        first = len(labels) if first < 0 else first
        labels.append(codes.setdefault(node.label, len(codes)))
        leftmost.append(first)
        return first

    visit(root)
    highest = {left: index for index, left in enumerate(leftmost)}
    keyroots = np.array(sorted(highest.values()), dtype=np.int64)
    return np.array(labels, dtype=np.int64), np.array(leftmost, dtype=np.int64), keyroots


@njit(cache=True)
def _zhang_shasha(labels_a, left_a, roots_a, labels_b, left_b, roots_b):  # type: ignore[no-untyped-def]
    rows, columns = len(labels_a), len(labels_b)
    tree = np.zeros((rows, columns), dtype=np.int64)
    forest = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    for i in roots_a:
        for j in roots_b:
            li, lj = left_a[i], left_b[j]
            forest[li, lj] = 0
            for x in range(li, i + 1):
                forest[x + 1, lj] = forest[x, lj] + 1
            for y in range(lj, j + 1):
                forest[li, y + 1] = forest[li, y] + 1
            for x in range(li, i + 1):
                for y in range(lj, j + 1):
                    edit = min(forest[x, y + 1], forest[x + 1, y]) + 1
                    if left_a[x] == li and left_b[y] == lj:
                        relabel = forest[x, y] + (labels_a[x] != labels_b[y])
                        best = min(edit, relabel)
                        tree[x, y] = best
                    else:
                        best = min(edit, forest[left_a[x], left_b[y]] + tree[x, y])
                    forest[x + 1, y + 1] = best
    return tree[rows - 1, columns - 1]
