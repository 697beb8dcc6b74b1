"""The compiled edit distance equals two independent implementations."""

import random

import apted
import numpy as np
import pytest
import zss
from apted.helpers import Tree as AptedTree
from hypothesis import given, settings

from rewards.tree.edit_distance import Costs, cost_arrays, edit_distance, postorder, subtree_distances
from rewards.tree.nodes import Node
from tests.unit.rewards.tree.brute_force import brute_force_distance, small_trees
from tests.unit.rewards.tree.trees import COSTS, MANY_COSTS, nodes


def as_zss(node: Node) -> zss.Node:
    return zss.Node(node.label, [as_zss(child) for child in node.children])


def as_apted(node: Node) -> AptedTree:
    return AptedTree(node.label, *[as_apted(child) for child in node.children])


@given(nodes, nodes)
@settings(max_examples=300, deadline=None)
def test_equals_zss_and_apted(a: Node, b: Node) -> None:
    ours = edit_distance(a, b)
    theirs = zss.distance(
        as_zss(a), as_zss(b), zss.Node.get_children, lambda n: 1, lambda n: 1, lambda x, y: int(x.label != y.label)
    )
    assert ours == theirs == apted.APTED(as_apted(a), as_apted(b)).compute_edit_distance()


@given(nodes, nodes, nodes)
@settings(max_examples=100, deadline=None)
def test_is_a_metric(a: Node, b: Node, c: Node) -> None:
    assert edit_distance(a, a) == 0
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@given(nodes, nodes)
@settings(max_examples=200, deadline=None)
def test_other_costs_equal_zss_with_the_same(a: Node, b: Node) -> None:
    def change(x: zss.Node, y: zss.Node) -> float:
        return 0.0 if x.label == y.label else COSTS.change(x.label, y.label)  # type: ignore[operator]

    theirs = zss.distance(as_zss(a), as_zss(b), zss.Node.get_children, lambda n: 0.5, lambda n: 0.75, change)
    assert edit_distance(a, b, COSTS) == pytest.approx(theirs)
    assert edit_distance(a, b, Costs()) == edit_distance(a, b)


@pytest.mark.parametrize("costs", MANY_COSTS)
def test_equals_the_least_cost_over_all_ordered_mappings(costs: Costs) -> None:
    trees = small_trees(3, "ab")
    trees += random.Random(0).sample(small_trees(5, "abc"), 15)
    for a in trees:
        for b in trees:
            assert edit_distance(a, b, costs) == pytest.approx(brute_force_distance(a, b, costs, "ordered"), abs=1e-12)


TREE = Node("a", (Node("b", (Node("c"),)), Node("d")))


def test_postorder_puts_children_before_their_parent() -> None:
    found = postorder(TREE)
    assert found.labels == ("c", "b", "d", "a")
    assert found.leftmost.tolist() == [0, 0, 2, 0]
    assert found.leftmost.dtype == np.int32


@given(nodes, nodes)
@settings(max_examples=50, deadline=None)
def test_every_pair_of_subtrees_has_its_own_distance(a: Node, b: Node) -> None:
    def subtrees(node: Node) -> list[Node]:
        return [found for child in node.children for found in subtrees(child)] + [node]

    found = subtree_distances(postorder(a), postorder(b))
    assert found.tolist() == [[edit_distance(x, y) for y in subtrees(b)] for x in subtrees(a)]


def test_costs_of_every_edit() -> None:
    delete, insert, change = cost_arrays(postorder(TREE), postorder(Node("b", (Node("a"),))), COSTS)
    assert delete.tolist() == [0.75] * 4
    assert insert.tolist() == [0.5] * 2
    assert change.tolist() == [[2.0, 2.0], [0.3, 0.0], [2.0, 2.0], [0.0, 0.3]]
