"""The rows of a clip: every task, true answers, and a captioner who errs only where he should."""

from __future__ import annotations

from typing import Any

import numpy as np

from rewards.tree.parser import parse
from rollout.faces.people import ASPECT_VALUES, EMOTIONS, Face, Performance, attributes_of
from rollout.faces.questions import clip_rows
from rollout.faces.trees import gold_tree
from tests.unit.rollout.faces.test_drawing import SOMEONE

FEAR = Face(SOMEONE, Performance("raised", "wide", "flat", "open", "front", "dim"))
TASKS = {"attribute_open": 11, "attribute_closed": 11, "expression_open": 4} | dict.fromkeys(
    ("appearance_caption", "expression_caption", "emotion_single", "emotion_fine", "action_units", "rationale"), 1
)


def rows(careless: float | None) -> dict[str, list[dict[str, Any]]]:
    """The rows of a clip by task."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in clip_rows("videos/a.mp4", FEAR, np.random.default_rng(0), careless):
        found.setdefault(row["task"], []).append(row)
    return found


def test_a_clip_has_rows_of_every_task_about_one_video() -> None:
    found = rows(None)
    assert {task: len(some) for task, some in found.items()} == TASKS
    for row in (row for some in found.values() for row in some):
        question, reply = row["messages"]
        assert question["content"].count("<video>") == len(row["videos"]) == 1
        assert parse(row["tree"]).tree == gold_tree(FEAR)
        assert row["task"] == "rationale" or reply["content"] == row["answer"]


def test_answers_are_true() -> None:
    found = rows(None)
    seen = attributes_of(FEAR)
    assert [row["answer"] for row in found["attribute_open"]] == [*seen.values()]
    for (aspect, value), row in zip(seen.items(), found["attribute_closed"], strict=True):
        assert row["options"]["ABCD".index(row["answer"])] == value
        assert row["options"] == [option for option in ASPECT_VALUES[aspect] if option in row["options"]]
        assert len(row["options"]) == min(4, len(ASPECT_VALUES[aspect]))
    assert [row["answer"] for row in found["expression_open"]] == ["dim scene", "brow raise", "stare", "gape growing"]
    assert [found[task][0]["answer"] for task in ("emotion_single", "emotion_fine", "action_units", "rationale")] == [
        "fear",
        "fear (strong)",
        "AU1, AU2, AU25, AU26",
        "fear",
    ]
    assert found["emotion_single"][0]["options"] == list(EMOTIONS)


def test_captions_are_the_tree_up_to_their_level() -> None:
    found, gold = rows(None), gold_tree(FEAR)
    appearance, expression = (parse(found[task][0]["answer"]).tree for task in ("appearance_caption", "expression_caption"))
    assert [*appearance.attributes()] == [*expression.attributes()] == [*gold.attributes()]
    assert [[*appearance.expressions()], [*expression.expressions()]] == [[], [*gold.expressions()]]
    assert [*appearance.emotions()] == [*expression.emotions()] == []


def test_a_careless_captioner_errs_in_the_rationale_alone() -> None:
    verified, careful, careless = (rows(share)["rationale"][0] for share in (None, 0.0, 1.0))
    assert verified["source"] == "faces/rationale_verified"
    assert careful["source"] == careless["source"] == "faces/rationale_captioned"
    said = [next(parse(row["messages"][1]["content"]).tree.emotions()).label for row in (verified, careful, careless)]
    assert said == ["fear", "fear", "surprise"]
    assert [row["answer"] for row in (verified, careful, careless)] == ["fear"] * 3
    assert careless["tree"] == verified["tree"]
