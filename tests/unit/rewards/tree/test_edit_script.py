"""A script of edits costs the distance and names every node of both trees."""

from collections import Counter

import pytest
from hypothesis import given, settings

from rewards.tree.edit_distance import edit_distance
from rewards.tree.edit_script import Edit, edit_script
from rewards.tree.nodes import Node
from tests.unit.rewards.tree.trees import COSTS, nodes


@given(nodes, nodes)
@settings(max_examples=200, deadline=None)
def test_a_script_costs_the_distance_and_turns_one_tree_into_the_other(a: Node, b: Node) -> None:
    script = edit_script(a, b)
    assert sum(edit.kind != "matched" for edit in script) == edit_distance(a, b)
    assert Counter(e.found for e in script if e.found is not None) == labels(a)
    assert Counter(e.gold for e in script if e.gold is not None) == labels(b)
    assert sorted(e.gold_index for e in script if e.gold_index is not None) == list(range(b.size()))
    weighted = edit_script(a, b, COSTS)
    assert sum(price(edit) for edit in weighted) == pytest.approx(edit_distance(a, b, COSTS))


def test_a_known_script() -> None:
    found, gold = Node("r", (Node("a"), Node("b"))), Node("r", (Node("a"), Node("c"), Node("d")))
    script = edit_script(found, gold)
    assert script[0] == Edit("matched", "r", "r", 3)
    assert Counter(edit.kind for edit in script) == {"matched": 2, "changed": 1, "missing": 1}


def labels(node: Node) -> Counter[str]:
    return sum((labels(child) for child in node.children), Counter([node.label]))


def price(edit: Edit) -> float:
    if edit.kind == "matched":
        return 0.0
    if edit.kind == "changed":
        return COSTS.change(edit.found, edit.gold)  # type: ignore[operator, arg-type]
    return COSTS.insert if edit.kind == "missing" else COSTS.delete
