"""Tree edit distance that ignores the order of siblings (constrained form, Zhang 1996, doi 10.1007/BF01975866).

The general unordered distance is NP-hard. The constrained one maps disjoint subtrees to disjoint subtrees; assignment
computes it in polynomial time, and it is never smaller than the general one.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from rewards.tree.edit_distance import UNIT, Costs
from rewards.tree.nodes import Node


def unordered_distance(a: Node, b: Node, costs: Costs = UNIT) -> float:
    """The least cost that turns `a` into `b` when siblings may stand in any order."""
    change, replacing = costs.change, costs.delete + costs.insert

    @cache
    def weight(node: Node) -> int:
        return node.size()

    def relabel(x: str, y: str) -> float:
        if x == y:
            return 0.0
        return min(change(x, y) if callable(change) else change, replacing)

    @cache
    def trees(x: Node, y: Node) -> float:
        insert_all, delete_all = costs.insert * weight(y), costs.delete * weight(x)
        found = relabel(x.label, y.label) + forests(x.children, y.children)
        # or y's root is inserted and x faces one of its children; or the other way round
        for child in y.children:
            found = min(found, insert_all - costs.insert * weight(child) + trees(x, child))
        for child in x.children:
            found = min(found, delete_all - costs.delete * weight(child) + trees(child, y))
        return found

    @cache
    def forests(xs: tuple[Node, ...], ys: tuple[Node, ...]) -> float:
        insert_all = costs.insert * sum(weight(y) for y in ys)
        delete_all = costs.delete * sum(weight(x) for x in xs)
        if not xs or not ys:
            return insert_all + delete_all
        found = _assigned(xs, ys)
        for y in ys:
            found = min(found, insert_all - costs.insert * (weight(y) - 1) + forests(xs, y.children))
        for x in xs:
            found = min(found, delete_all - costs.delete * (weight(x) - 1) + forests(x.children, ys))
        return found

    def _assigned(xs: tuple[Node, ...], ys: tuple[Node, ...]) -> float:
        """Each tree is mapped to a tree of the other side, or goes away."""
        size = len(xs) + len(ys)
        price = np.zeros((size, size))
        for row, x in enumerate(xs):
            price[row, : len(ys)] = [trees(x, y) for y in ys]
            price[row, len(ys) :] = costs.delete * weight(x)
        price[len(xs) :, : len(ys)] = [costs.insert * weight(y) for y in ys]
        rows, columns = linear_sum_assignment(price)
        return float(price[rows, columns].sum())

    return trees(a, b)
