"""A script of edits costs the distance and names every node of both trees."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.edit_distance import Costs, edit_distance
from rewards.tree.edit_script import Edit, edit_script
from rewards.tree.nodes import Node
from tests.unit.rewards.tree.trees import MANY_COSTS, nodes


@given(nodes, nodes)
@settings(max_examples=200, deadline=None)
def test_a_script_costs_the_distance_and_turns_one_tree_into_the_other(a: Node, b: Node) -> None:
    script = edit_script(a, b)
    assert sum(edit.kind != "matched" for edit in script) == edit_distance(a, b)
    assert Counter(e.found for e in script if e.found is not None) == labels(a)
    assert Counter(e.gold for e in script if e.gold is not None) == labels(b)
    assert sorted(e.gold_index for e in script if e.gold_index is not None) == list(range(b.size()))


@given(nodes, nodes, st.sampled_from(MANY_COSTS))
@settings(max_examples=400, deadline=None)
def test_whatever_edits_cost_a_script_costs_the_distance(a: Node, b: Node, costs: Costs) -> None:
    script = edit_script(a, b, costs)
    assert sum(price(edit, costs) for edit in script) == pytest.approx(edit_distance(a, b, costs), rel=1e-9, abs=1e-15)
    assert Counter(e.found for e in script if e.found is not None) == labels(a)
    assert sorted(e.gold_index for e in script if e.gold_index is not None) == list(range(b.size()))


def test_a_known_script() -> None:
    found, gold = Node("r", (Node("a"), Node("b"))), Node("r", (Node("a"), Node("c"), Node("d")))
    script = edit_script(found, gold)
    assert script[0] == Edit("matched", "r", "r", 3)
    assert Counter(edit.kind for edit in script) == {"matched": 2, "changed": 1, "missing": 1}


def labels(node: Node) -> Counter[str]:
    return sum((labels(child) for child in node.children), Counter([node.label]))


def price(edit: Edit, costs: Costs) -> float:
    if edit.found is None or edit.gold is None:
        return costs.delete if edit.gold is None else costs.insert
    if edit.kind == "matched":
        return 0.0
    return costs.change(edit.found, edit.gold) if callable(costs.change) else costs.change
