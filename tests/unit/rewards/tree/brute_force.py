"""Tree edit distances by their definition: the least cost over all mappings of nodes. For trees of a few nodes."""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations
from typing import Literal

from rewards.tree.edit_distance import Costs
from rewards.tree.nodes import Node

Path = tuple[int, ...]
"""Where a node is: the places of its ancestors among their siblings, and its own."""
Kind = Literal["ordered", "constrained"]
"""Mappings that keep ancestors and order (Zhang & Shasha 1989), or ancestors and disjoint subtrees (Zhang 1996)."""


def brute_force_distance(a: Node, b: Node, costs: Costs, kind: Kind) -> float:
    """The least cost over all mappings of that kind."""
    labels_a, labels_b = _labels(a), _labels(b)
    change = costs.change

    def price(x: str, y: str) -> float:
        if x == y:
            return 0.0
        return change(x, y) if callable(change) else change

    return min(
        costs.delete * (len(labels_a) - len(mapping))
        + costs.insert * (len(labels_b) - len(mapping))
        + sum(price(labels_a[x], labels_b[y]) for x, y in mapping.items())
        for mapping in _mappings(tuple(labels_a), tuple(labels_b), kind)
    )


def small_trees(most: int, labels: str) -> list[Node]:
    """Every ordered tree of up to `most` nodes."""
    return [tree for size in range(1, most + 1) for tree in _trees(size, labels)]


def _trees(size: int, labels: str) -> list[Node]:
    return [Node(label, forest) for forest in _forests(size - 1, labels) for label in labels]


def _forests(size: int, labels: str) -> list[tuple[Node, ...]]:
    if size == 0:
        return [()]
    first = [(tree, size - used) for used in range(1, size + 1) for tree in _trees(used, labels)]
    return [(tree, *others) for tree, left in first for others in _forests(left, labels)]


def _labels(tree: Node, path: Path = ()) -> dict[Path, str]:
    found = {path: tree.label}
    for place, child in enumerate(tree.children):
        found |= _labels(child, (*path, place))
    return found


@cache
def _mappings(a: tuple[Path, ...], b: tuple[Path, ...], kind: Kind) -> list[dict[Path, Path]]:
    found: list[dict[Path, Path]] = [{}]
    for x in a:
        found += [{**one, x: y} for one in found for y in b if y not in one.values() and _is_mapping({**one, x: y}, kind)]
    return found


def _is_mapping(pairs: dict[Path, Path], kind: Kind) -> bool:
    for (a, x), (b, y) in combinations(pairs.items(), 2):
        if _above(a, b) != _above(x, y) or _above(b, a) != _above(y, x):
            return False
        if kind == "ordered" and (a < b) != (x < y):
            return False
    if kind == "ordered":
        return True
    triples = permutations(pairs.items(), 3)
    return all(_above(_shared(a, b), c) == _above(_shared(x, y), z) for (a, x), (b, y), (c, z) in triples)


def _above(a: Path, b: Path) -> bool:
    return len(a) < len(b) and b[: len(a)] == a


def _shared(a: Path, b: Path) -> Path:
    """The lowest common ancestor."""
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return a[:count]
