"""The compiled edit distance equals two independent implementations."""

import apted
import zss
from apted.helpers import Tree as AptedTree
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.edit_distance import edit_distance
from rewards.tree import Node

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
