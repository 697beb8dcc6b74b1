"""Scorers of trees on cases whose score is known."""

from __future__ import annotations

import math

import pytest

from rewards.sample import RewardSample, Score
from rewards.scorers.tree import expression, leaf, root, structure, tree_edit
from tests.unit.rewards.rationales import GOOD


def sample(completion: str) -> RewardSample:
    return RewardSample(completion, answer="angry", tree=GOOD)


def value(score: object) -> float:
    assert score is not None
    return score.value if isinstance(score, Score) else score  # type: ignore[return-value]


def test_structure_counts_rules() -> None:
    assert structure(sample(GOOD.replace("< a2", "< a7"))) == pytest.approx(8 / 9)
    assert structure(sample(GOOD.replace("<answer>Angry</answer>", ""))) == pytest.approx(8 / 9)


def test_leaf_is_micro_f1_with_synonyms_folded() -> None:
    half = GOOD.replace("hair color: brown", "hair colour: black")
    assert value(leaf(sample(half))) == pytest.approx(0.5)
    assert value(leaf(sample(GOOD.replace("hair color", "Hair Colour")))) == 1.0
    more = leaf(sample(GOOD.replace("expression\n", "a3 hat: no\na4 mask: no\nexpression\n")))
    assert more is not None
    assert dict(more.parts) == {"precision": 0.5, "recall": 1.0}


def test_expression_is_micro_f1_over_names() -> None:
    assert expression(sample(GOOD.replace("e1 scowl", "e1 Scowl."))) == 1.0
    assert expression(sample(GOOD.replace("emotion\n", "e2 smile < a1\nemotion\n"))) == pytest.approx(2 / 3)
    assert expression(sample(GOOD.replace("e1 scowl", "e1 smile"))) == 0.0


def test_root_gives_partial_credit_for_the_wrong_intensity() -> None:
    weaker = sample(GOOD.replace("(strong)", "(weak)"))
    assert root(weaker) == 1.0
    assert root(weaker, wrong_intensity=0.25) == 0.25
    assert root(sample(GOOD.replace("m1 angry", "m1 sad"))) == 0.0


@pytest.mark.parametrize(("old", "new"), [(" < e1", ""), (" < a2", "")])
def test_root_pays_no_emotion_that_rests_on_nothing(old: str, new: str) -> None:
    guessed = sample(GOOD.replace(old, new))
    assert root(guessed) == 0.0
    assert root(guessed, evidence=False) == 1.0


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


def test_without_a_gold_tree_none_applies() -> None:
    for gold in (None, "", "<tree></tree>"):
        for scorer in (leaf, root, expression, tree_edit):
            assert scorer(RewardSample(GOOD, tree=gold)) is None


def test_a_completion_with_several_trees_states_none() -> None:
    for scorer in (leaf, root, expression, tree_edit):
        assert value(scorer(sample(f"{GOOD}\n{GOOD}"))) == 0.0
