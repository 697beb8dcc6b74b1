"""Which line states what, and whether the gold tree has it."""

from __future__ import annotations

from rewards.readings import judged_nodes, read
from rewards.sample import RewardSample
from tests.unit.rewards.rationales import GOOD


def values(completion: str, gold: str | None = GOOD) -> dict[int, float | None]:
    return {line: node.value for line, node in judged_nodes(RewardSample(completion, tree=gold)).items()}


def test_lines_have_a_level_and_nodes_a_value() -> None:
    found = read(RewardSample(GOOD, tree=GOOD))
    assert list(found.levels) == [1, 2, 3, 4, 5, 6, 7]
    assert {line: found.levels[line] for line in found.nodes} == {
        2: "attribute",
        3: "attribute",
        5: "expression",
        7: "emotion",
    }
    assert {node.value for node in found.nodes.values()} == {1.0}


def test_each_node_is_judged_by_itself() -> None:
    assert values(GOOD.replace("brown", "black")) == {2: 0.0, 3: 1.0, 5: 1.0, 7: 1.0}
    assert values(GOOD.replace("scowl", "smile")) == {2: 1.0, 3: 1.0, 5: 0.0, 7: 0.0}  # as far as its evidence is right
    assert values(GOOD.replace("m1 angry", "m1 Furious")) == {2: 1.0, 3: 1.0, 5: 1.0, 7: 1.0}


def test_an_emotion_must_rest_on_an_expression_that_rests_on_an_attribute() -> None:
    assert values(GOOD.replace(" < e1", ""))[7] == 0.0
    assert values(GOOD.replace(" < a2", ""))[7] == 0.0


def test_an_aspect_with_two_values_is_a_hedge_and_wrong() -> None:
    assert values(GOOD.replace("expression\n", "a3 Hair Color: red\nexpression\n")) == {2: 0.0, 3: 1.0, 4: 0.0, 6: 1.0, 8: 1.0}


def test_what_nobody_labelled_is_neither_right_nor_wrong() -> None:
    assert values(GOOD.replace("expression\n", "a3 hat: yes\nexpression\n"))[4] is None
    rootless = GOOD.replace("emotion\nm1 angry (strong) < e1\n", "")
    assert values(GOOD, rootless) == {2: 1.0, 3: 1.0, 5: 1.0, 7: None}


def test_an_answer_that_no_root_agrees_with_makes_the_root_wrong() -> None:
    assert values(GOOD.replace("<answer>Angry", "<answer>sad")) == {2: 1.0, 3: 1.0, 5: 1.0, 7: 0.0}


def test_nodes_of_other_completions_are_about_the_same_thing() -> None:
    one = judged_nodes(RewardSample(GOOD, tree=GOOD))
    other = judged_nodes(RewardSample(GOOD.replace("brown", "red").replace("scowl", "smile"), tree=GOOD))
    assert [node.about for node in one.values()] == [node.about for node in other.values()]
    assert len({node.about for node in one.values()}) == 4


def test_nothing_is_judged_without_a_gold_tree_or_with_several_trees() -> None:
    assert values(GOOD, None) == values(GOOD, "<tree></tree>") == values(f"{GOOD}\n{GOOD}") == {}
    assert read(RewardSample(f"{GOOD}\n{GOOD}", tree=GOOD)).levels
