"""The distance that ignores the order of siblings."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.edit_distance import Costs
from rewards.tree.nodes import Node
from rewards.tree.unordered import unordered_distance
from tests.unit.rewards.tree.brute_force import brute_force_distance, small_trees
from tests.unit.rewards.tree.trees import COSTS, MANY_COSTS, canonical, nodes, shuffled


@given(nodes, nodes, nodes, st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_unordered_distance_is_a_metric_that_ignores_order(a: Node, b: Node, c: Node, rng: random.Random) -> None:
    assert unordered_distance(a, shuffled(a, rng)) == 0
    assert unordered_distance(a, b) == unordered_distance(shuffled(a, rng), shuffled(b, rng))
    assert unordered_distance(a, b) == unordered_distance(b, a)
    assert unordered_distance(a, c) <= unordered_distance(a, b) + unordered_distance(b, c)
    assert (unordered_distance(a, b) == 0) == (canonical(a) == canonical(b))


@given(st.lists(st.sampled_from("abc"), max_size=5), st.lists(st.sampled_from("abc"), max_size=5))
def test_for_leaves_alone_the_unordered_distance_is_that_of_multisets(a: list[str], b: list[str]) -> None:
    shared = (Counter(a) & Counter(b)).total()
    found = unordered_distance(Node("r", tuple(map(Node, a))), Node("r", tuple(map(Node, b))))
    assert found == max(len(a), len(b)) - shared


def test_other_costs() -> None:
    assert unordered_distance(Node("a"), Node("b"), COSTS) == 0.3
    assert unordered_distance(Node("a"), Node("a", (Node("b"), Node("c"))), COSTS) == 1.0
    assert unordered_distance(Node("a", (Node("b"), Node("c"))), Node("a"), COSTS) == 1.5


@pytest.mark.parametrize("costs", MANY_COSTS)
def test_equals_the_least_cost_over_all_constrained_mappings(costs: Costs) -> None:
    trees = small_trees(3, "ab")
    trees += random.Random(0).sample(small_trees(5, "abc"), 15)
    for a in trees:
        for b in trees:
            assert unordered_distance(a, b, costs) == pytest.approx(brute_force_distance(a, b, costs, "constrained"), abs=1e-12)


def test_a_change_never_costs_more_than_a_deletion_and_an_insertion() -> None:
    assert unordered_distance(Node("a"), Node("c"), COSTS) == COSTS.insert + COSTS.delete
    deep, flat = Node("a", (Node("x"), Node("y"))), Node("b", (Node("y"), Node("x")))
    assert unordered_distance(deep, flat, Costs(change=9.0)) == 2.0
