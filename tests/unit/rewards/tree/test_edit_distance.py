"""The compiled edit distance equals two independent implementations."""

import random
from collections import Counter

import apted
import pytest
import zss
from apted.helpers import Tree as AptedTree
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.edit_distance import Costs, edit_distance
from rewards.tree.edit_script import Edit, edit_script
from rewards.tree.nodes import Node
from rewards.tree.unordered import unordered_distance

trees = st.recursive(
    st.sampled_from("abc").map(Node),
    lambda children: st.builds(Node, st.sampled_from("abc"), st.lists(children, max_size=4).map(tuple)),
    max_leaves=14,
)


def as_zss(node: Node) -> zss.Node:
    return zss.Node(node.label, [as_zss(child) for child in node.children])


def as_apted(node: Node) -> AptedTree:
    return AptedTree(node.label, *[as_apted(child) for child in node.children])


@given(trees, trees)
@settings(max_examples=300, deadline=None)
def test_equals_zss_and_apted(a: Node, b: Node) -> None:
    ours = edit_distance(a, b)
    theirs = zss.distance(
        as_zss(a), as_zss(b), zss.Node.get_children, lambda n: 1, lambda n: 1, lambda x, y: int(x.label != y.label)
    )
    assert ours == theirs == apted.APTED(as_apted(a), as_apted(b)).compute_edit_distance()


@given(trees, trees, trees)
@settings(max_examples=100, deadline=None)
def test_is_a_metric(a: Node, b: Node, c: Node) -> None:
    assert edit_distance(a, a) == 0
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


COSTS = Costs(insert=0.5, delete=0.75, change=lambda one, other: 0.3 if {one, other} == {"a", "b"} else 2.0)


@given(trees, trees)
@settings(max_examples=200, deadline=None)
def test_other_costs_equal_zss_with_the_same(a: Node, b: Node) -> None:
    def change(x: zss.Node, y: zss.Node) -> float:
        return 0.0 if x.label == y.label else COSTS.change(x.label, y.label)  # type: ignore[operator]

    theirs = zss.distance(as_zss(a), as_zss(b), zss.Node.get_children, lambda n: 0.5, lambda n: 0.75, change)
    assert edit_distance(a, b, COSTS) == pytest.approx(theirs)
    assert edit_distance(a, b, Costs()) == edit_distance(a, b)


@given(trees, trees)
@settings(max_examples=200, deadline=None)
def test_a_script_costs_the_distance_and_turns_one_tree_into_the_other(a: Node, b: Node) -> None:
    script = edit_script(a, b)
    assert sum(edit.kind != "matched" for edit in script) == edit_distance(a, b)
    assert Counter(e.found for e in script if e.found is not None) == labels(a)
    assert Counter(e.gold for e in script if e.gold is not None) == labels(b)
    assert sorted(e.gold_index for e in script if e.gold_index is not None) == list(range(b.size()))
    weighted = edit_script(a, b, COSTS)
    assert sum(price(edit) for edit in weighted) == pytest.approx(edit_distance(a, b, COSTS))


@given(trees, trees, trees, st.randoms())
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


def labels(node: Node) -> Counter[str]:
    return sum((labels(child) for child in node.children), Counter([node.label]))


def price(edit: Edit) -> float:
    if edit.kind == "matched":
        return 0.0
    if edit.kind == "changed":
        return COSTS.change(edit.found, edit.gold)  # type: ignore[operator, arg-type]
    return COSTS.insert if edit.kind == "missing" else COSTS.delete


def shuffled(node: Node, rng: random.Random) -> Node:
    children = [shuffled(child, rng) for child in node.children]
    rng.shuffle(children)
    return Node(node.label, tuple(children))


def canonical(node: Node) -> tuple:
    return node.label, tuple(sorted(canonical(child) for child in node.children))
