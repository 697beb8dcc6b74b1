"""Scorers of trees on cases whose score is known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from rewards.sample import RewardSample, Score
from rewards.scorers.tree import edges, expression, leaf, root, structure, tree_edit
from tests.unit.rewards.rationales import GOOD


def sample(completion: str) -> RewardSample:
    return RewardSample(completion, answer="angry", tree=GOOD)


def value(score: object) -> float:
    assert score is not None
    return score.value if isinstance(score, Score) else score  # type: ignore[return-value]


def test_structure_counts_rules_and_strange_lines() -> None:
    assert structure(sample(GOOD.replace("< a2", "< a7"))) == pytest.approx(8 / 9)
    assert structure(sample(GOOD.replace("<answer>Angry</answer>", ""))) == pytest.approx(8 / 9)
    assert structure(sample(GOOD.replace("a1 hair", "- a1. hair"))) == pytest.approx(8 / 9)
    prose = sample(GOOD.replace("expression\n", "Some words.\n" * 4 + "expression\n"))
    assert structure(prose) == pytest.approx(8 / 9 * 4 / 8)  # four nodes, four lines that are none


def test_leaf_is_f1_over_the_aspects_that_gold_covers() -> None:
    half = GOOD.replace("hair color: brown", "hair colour: black")
    assert value(leaf(sample(half))) == pytest.approx(0.5)
    assert value(leaf(sample(GOOD.replace("hair color", "Hair Colour")))) == 1.0
    more = sample(GOOD.replace("expression\n", "a3 hat: no\na4 mask: no\nexpression\n"))
    assert value(leaf(more)) == 1.0  # nobody labelled hats and masks
    complete = leaf(replace(more, covers={"aspects": "all"}))
    assert complete is not None
    assert dict(complete.parts) == {"precision": 0.5, "recall": 1.0}


@pytest.mark.parametrize("line", ["a3 hair color: black", "a3 hair color: brown", "a3 Hair colour: red\na4 hair color: black"])
def test_an_aspect_with_two_values_counts_for_nothing(line: str) -> None:
    hedged = leaf(sample(GOOD.replace("expression\n", f"{line}\nexpression\n")))
    found = 2 + line.count(":")
    assert dict(hedged.parts) == pytest.approx({"precision": 1 / found, "recall": 0.5})  # type: ignore[union-attr]


def test_expression_is_f1_over_names_and_less_where_more_are_stated_than_true() -> None:
    assert value(expression(sample(GOOD.replace("e1 scowl", "e1 Scowl.")))) == 1.0
    more = expression(sample(GOOD.replace("emotion\n", "e2 smile < a1\nemotion\n")))
    assert value(more) == pytest.approx(2 / 3 * 1 / 2)
    assert dict(more.parts) == {"precision": 0.5, "recall": 1.0}  # type: ignore[union-attr]
    assert value(expression(sample(GOOD.replace("e1 scowl", "e1 smile")))) == 0.0


def test_edges_are_aspects_under_expressions() -> None:
    assert value(edges(sample(GOOD))) == 1.0
    assert value(edges(sample(GOOD.replace("lowered", "raised")))) == 1.0  # the value is the leaf's own matter
    assert value(edges(sample(GOOD.replace("< a2", "< a1")))) == 0.0
    assert value(edges(sample(GOOD.replace("< a2", "< a1 a2")))) == pytest.approx(2 / 3 * 1 / 2)
    assert edges(RewardSample(GOOD, tree=GOOD.replace(" < a2", ""))) is None


def test_root_gives_partial_credit_for_the_wrong_intensity() -> None:
    weaker = sample(GOOD.replace("(strong)", "(weak)"))
    assert root(weaker) == 1.0
    assert root(weaker, wrong_intensity=0.25) == 0.25
    assert root(sample(GOOD.replace(" (strong)", "")), wrong_intensity=0.25) == 0.25
    assert root(RewardSample(GOOD, tree=GOOD.replace(" (strong)", "")), wrong_intensity=0.25) == 1.0  # gold states none
    assert root(sample(GOOD.replace("m1 angry", "m1 sad"))) == 0.0


@pytest.mark.parametrize(("old", "new"), [(" < e1", ""), (" < a2", "")])
def test_root_pays_no_emotion_that_rests_on_nothing(old: str, new: str) -> None:
    guessed = sample(GOOD.replace(old, new))
    assert root(guessed) == root(guessed, evidence="linked") == 0.0
    assert root(guessed, evidence="none") == 1.0


def test_root_is_paid_by_the_share_of_its_evidence_that_is_right() -> None:
    assert root(sample(GOOD.replace("scowl", "smile"))) == 0.0  # the attribute is right, the expression is not
    assert root(sample(GOOD.replace("lowered", "raised"))) == 0.0
    both = GOOD.replace("< a2", "< a1 a2")
    assert root(RewardSample(both.replace("brown", "red"), tree=both)) == 0.5
    assert root(sample(GOOD.replace("brown", "red"))) == 1.0  # it does not rest on the hair
    invented = sample(GOOD.replace("a2 eyebrow angle: lowered", "a2 face: visible"))
    assert (root(invented), root(invented, evidence="linked")) == (0.0, 1.0)


def test_one_root_where_gold_has_one_and_an_answer_that_agrees() -> None:
    hedged = GOOD.replace("</tree>", "m2 sad < e1\n</tree>")
    assert root(sample(hedged)) == root(RewardSample(hedged, tree=GOOD.replace("angry", "sad"))) == 0.0
    assert root(sample(GOOD.replace("Angry<", "Sad<"))) == 0.0
    assert root(sample(GOOD.replace("<answer>Angry</answer>", ""))) == 1.0
    both = GOOD.replace("</tree>", "m2 sad < e1\n</tree>").replace("Angry<", "sad and angry<")
    assert root(RewardSample(both, tree=both)) == 1.0
    third = both.replace("</tree>", "m3 fear < e1\n</tree>")
    assert root(RewardSample(third, tree=both)) == pytest.approx(4 / 5 * 2 / 3)


def test_an_answer_of_another_kind_is_not_compared_with_the_root() -> None:
    other = GOOD.replace("Angry<", "Strong Negative<")
    assert root(RewardSample(other, answer="Strong Negative", tree=GOOD)) == 1.0
    weak = GOOD.replace("Angry<", "Angry, Strong<")
    assert root(RewardSample(weak, answer="Angry, Strong", tree=GOOD)) == 1.0


def test_evidence_comes_first() -> None:
    lines = GOOD.split("\n")
    upside_down = "\n".join([lines[0], *lines[6:8], *lines[4:6], *lines[1:4], *lines[8:]])
    assert sample(upside_down).parsed.tree == sample(GOOD).gold.tree
    assert root(sample(upside_down)) == value(edges(sample(upside_down))) == 0.0
    assert value(leaf(sample(upside_down))) == 1.0
    assert value(tree_edit(sample(upside_down))) < 0.5


def test_tree_edit_is_the_papers_formula() -> None:
    one_off = sample(GOOD.replace("brown", "black"))
    assert value(tree_edit(one_off, scale=0.5, normalise="none")) == pytest.approx(math.exp(-0.5))
    nodes = 6  # video, person, emotion, expression, two attributes
    assert value(tree_edit(one_off, scale=2.0, normalise="size")) == pytest.approx(math.exp(-2 / nodes))
    assert value(tree_edit(one_off, normalise="teds")) == pytest.approx(1 - 1 / nodes)


def test_tree_edit_with_other_costs_and_orders() -> None:
    one_off = sample(GOOD.replace("brown", "black"))
    assert tree_edit(one_off, change=0.5).parts["distance"] == 0.5  # type: ignore[union-attr]
    assert tree_edit(one_off, siblings="unordered").parts["distance"] == 1.0  # type: ignore[union-attr]
    assert value(tree_edit(one_off, normalise="teds", insert=9, delete=9, change=99)) == 0.0


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="normalise must be none, size or teds, found 'sise'"):
        tree_edit(sample(GOOD), normalise="sise")
    with pytest.raises(ValueError, match="siblings must be sorted or unordered, found 'any'"):
        tree_edit(sample(GOOD), siblings="any")
    with pytest.raises(ValueError, match="evidence must be right, linked or none, found 'some'"):
        root(sample(GOOD), evidence="some")  # type: ignore[arg-type]


def test_without_a_gold_tree_none_applies() -> None:
    for gold in (None, "", "<tree></tree>"):
        for scorer in (leaf, root, expression, edges, tree_edit):
            assert scorer(RewardSample(GOOD, tree=gold)) is None


def test_a_completion_with_several_trees_states_none() -> None:
    for scorer in (leaf, root, expression, edges, tree_edit):
        assert value(scorer(sample(f"{GOOD}\n{GOOD}"))) == 0.0
