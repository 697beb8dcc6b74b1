"""The distance that ignores the order of siblings."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.nodes import Node
from rewards.tree.unordered import unordered_distance
from tests.unit.rewards.tree.trees import COSTS, canonical, nodes, shuffled


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
