"""Affective trees of drawn people: what is true of them, and what a careless captioner writes."""

from __future__ import annotations

from dataclasses import replace

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rollout.faces.people import COURSES, Face, Performance, attributes_of, emotion_of, intensity_of

TREE_ASPECTS = ("hair color", "eyeglasses", "hat", "lighting", "eyebrow angle", "eye size", "mouth onset", "mouth apex")
"""The aspects that a gold tree states; the others occur in questions only."""


def gold_tree(face: Face) -> AffectiveTree:
    """The affective tree that is true of a face."""
    seen = attributes_of(face)
    attributes = tuple(Attribute(f"a{n}", aspect, seen[aspect]) for n, aspect in enumerate(TREE_ASPECTS, 1))
    ids = {attribute.aspect: attribute.id for attribute in attributes}
    what = face.performance
    expressions = tuple(
        Expression(f"e{n}", name, tuple(ids[aspect] for aspect in aspects))
        for n, (name, aspects) in enumerate(_expressions(what), 1)
    )
    emotion = emotion_of(what)
    intensity = None if emotion == "neutral" else intensity_of(what)
    root = Emotion("m1", emotion, intensity, tuple(e.id for e in expressions))
    return AffectiveTree((Person(attributes, expressions, (root,)),))


def _expressions(what: Performance) -> list[tuple[str, tuple[str, ...]]]:
    brow = {"raised": "brow raise", "level": "brow at rest", "lowered": "scowl"}[what.brow]
    eyes = {"narrow": "squint", "normal": "plain gaze", "wide": "stare"}[what.eyes]
    return [
        (f"{what.light} scene", ("lighting",)),
        (brow, ("eyebrow angle",)),
        (eyes, ("eye size",)),
        (COURSES[(what.onset, what.apex)], ("mouth onset", "mouth apex")),
    ]


CONFUSED = {"fear": "surprise", "disgust": "angry", "sad": "neutral"}
"""Emotion -> the neighbouring emotion that a careless captioner writes for it."""


def confuse(tree: AffectiveTree) -> AffectiveTree:
    """The tree as a careless captioner writes it: right in all that is seen, wrong in some emotions."""
    (person,) = tree.persons
    emotions = tuple(replace(m, label=CONFUSED.get(m.label, m.label)) for m in person.emotions)
    return AffectiveTree((replace(person, emotions=emotions),))
