"""Trees of drawn people: well-formed and true; a careless captioner's are true in all that is seen."""

from __future__ import annotations

import pytest

from rewards.tree.parser import parse
from rewards.tree.writer import write
from rollout.faces.people import EYES, Face, Performance, attributes_of, emotion_of, intensity_of
from rollout.faces.trees import CONFUSED, confuse, gold_tree
from tests.unit.rollout.faces.test_drawing import SOMEONE
from tests.unit.rollout.faces.test_people import performances


def test_gold_trees_are_well_formed_and_true() -> None:
    for performance in performances():
        face = Face(SOMEONE, performance)
        tree = gold_tree(face)
        parsed = parse(write(tree, "x"))
        assert parsed.tree == tree
        assert parsed.defects == ()
        seen = attributes_of(face)
        assert all(seen[node.aspect] == node.value for node in tree.attributes())
        (root,) = tree.emotions()
        assert root.label == emotion_of(performance)


@pytest.mark.parametrize("eyes", EYES)
def test_a_gold_tree_says_how_strong_an_emotion_is_unless_it_is_neutral(eyes: str) -> None:
    happy = Performance("level", eyes, "up", "up", "front", "bright")
    neutral = Performance("level", eyes, "flat", "flat", "front", "bright")
    assert [m.intensity for m in gold_tree(Face(SOMEONE, happy)).emotions()] == [intensity_of(happy)]
    assert [m.intensity for m in gold_tree(Face(SOMEONE, neutral)).emotions()] == [None]


def test_a_careless_captioner_takes_some_emotions_for_their_neighbours() -> None:
    for performance in performances():
        tree = gold_tree(Face(SOMEONE, performance))
        said = confuse(tree)
        (true,), (told,) = tree.emotions(), said.emotions()
        assert told.label == CONFUSED.get(true.label, true.label)
        assert (told.intensity, told.rests_on) == (true.intensity, true.rests_on)
        assert [*said.attributes()] == [*tree.attributes()]
        assert [*said.expressions()] == [*tree.expressions()]
