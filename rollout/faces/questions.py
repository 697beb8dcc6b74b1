"""What the drawn data set asks about a clip, and the answers: its rows, in ms-swift form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rewards.tree.nodes import LEVELS, AffectiveTree
from rewards.tree.writer import write
from rollout.faces import people
from rollout.faces.people import Face
from rollout.faces.trees import confuse, gold_tree

EMOTION_QUESTION = (
    "<video>Please watch the video clip and identify the emotion on the person's face: "
    "happy, sad, neutral, angry, surprise, disgust or fear."
)
FINE_QUESTION = "<video>Please identify the fine-grained emotion with intensity on the person's face."
ACTION_UNIT_QUESTION = "<video>Please identify the action units (AU) performed by the person and output None if not observed."
APPEARANCE_QUESTION = "<video>Please describe the appearance of the person in the video."
EXPRESSION_QUESTION = "<video>Please describe the appearance and the expression of the person in the video."
RATIONALE_QUESTION = (
    "<video>As an expert in the field of emotions, please describe the person as an affective tree and predict the emotion."
)


def clip_rows(video: str, face: Face, rng: np.random.Generator, careless: float | None) -> Iterator[dict[str, Any]]:
    """All rows of one clip: attribute and expression questions, captions, emotions, action units, the rationale.

    Args:
        video: the clip's path, relative to the file of rows.
        face: who is in it and what they show.
        rng: draws the options of closed questions and the captioner's mistakes.
        careless: how often the captioner takes an emotion for its neighbour, from 0 to 1; None for a verified clip.
    """
    tree = gold_tree(face)
    emotion = people.emotion_of(face.performance)
    gold = write(tree, emotion)
    fine = emotion if emotion == "neutral" else f"{emotion} ({people.intensity_of(face.performance)})"
    said = confuse(tree) if careless is not None and rng.random() < careless else tree
    origin = "verified" if careless is None else "captioned"
    rationale = write(said, next(said.emotions()).label)
    units = ", ".join(people.action_units(face.performance)) or "None"

    def row(task: str, source: str, question: str, answer: str, **columns: Any) -> dict[str, Any]:
        reference = rationale if task == "rationale" else answer
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": reference}]
        whole = {"options": [], "tree": gold, **columns}
        return {"messages": messages, "videos": [video], "source": source, "task": task, "answer": answer, **whole}

    for aspect, value in people.attributes_of(face).items():
        question = f"<video>What is the {aspect} of the person in the video?"
        source = f"faces/QA_{aspect.replace(' ', '_')}"
        yield row("attribute_open", source, question, value)
        options = _options(aspect, value, rng)
        listed = " ".join(f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=False))
        letter = "ABCD"[options.index(value)]
        yield row("attribute_closed", source, f"{question} {listed}", letter, options=options)
    for node in tree.expressions():
        part = _part(tree, node.rests_on)
        yield row("expression_open", f"faces/EXP_{part}", f"<video>What does the {part} show?", node.name)
    appearance, expression = (write(tree, levels=LEVELS[:count]) for count in (1, 2))
    yield row("appearance_caption", "faces/CAP_appearance", APPEARANCE_QUESTION, appearance)
    yield row("expression_caption", "faces/CAP_expression", EXPRESSION_QUESTION, expression)
    yield row("emotion_single", "faces/ER_single", EMOTION_QUESTION, emotion, options=list(people.EMOTIONS))
    yield row("emotion_fine", "faces/ER_fine", FINE_QUESTION, fine)
    yield row("action_units", "faces/AU", ACTION_UNIT_QUESTION, units)
    yield row("rationale", f"faces/rationale_{origin}", RATIONALE_QUESTION, emotion)


def _options(aspect: str, value: str, rng: np.random.Generator) -> list[str]:
    """The value and up to three others, in the aspect's own order.

    A small model learns in minutes which letter then stands for a value; it does not learn to look a letter up
    (docs/benchmarks.md).
    """
    others = [other for other in people.ASPECT_VALUES[aspect] if other != value]
    chosen = {value, *rng.permutation(others)[:3]}
    return [option for option in people.ASPECT_VALUES[aspect] if option in chosen]


def _part(tree: AffectiveTree, ids: tuple[str, ...]) -> str:
    """The part of the scene that an expression is seen in, by the first attribute that it rests on."""
    aspect = next(a.aspect for a in tree.attributes() if a.id == ids[0])
    return {"lighting": "scene", "eyebrow angle": "brow", "eye size": "gaze"}.get(aspect, "mouth")
