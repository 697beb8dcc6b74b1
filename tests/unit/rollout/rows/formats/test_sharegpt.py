"""Rows of ShareGPT and LLaVA."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollout.rows.formats.sharegpt import sharegpt
from rollout.rows.row import RowError

TALK = [
    {"from": "human", "value": "<image>\nWho smiles?"},
    {"from": "gpt", "value": "the <image>"},
    {"from": "human", "value": "Why?"},
]


def contents(**row: Any) -> list[Any]:
    """The texts of all turns."""
    return [turn["content"] for turn in sharegpt(row)["messages"]]


def test_all_turns_are_kept() -> None:
    assert sharegpt({"conversations": TALK, "id": 3, "image": "1.png"}) == {
        "id": 3,
        "image": "1.png",
        "messages": [{"role": turn["from"], "content": turn["value"]} for turn in TALK],
    }
    assert contents(conversations=json.dumps(TALK)) == contents(conversations=TALK)
    openai = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "she"}]
    assert sharegpt({"conversations": openai})["messages"] == openai


@pytest.mark.parametrize("column", ["video", "videos"])
def test_llavas_image_stands_for_a_video_in_user_turns_where_there_are_only_videos(column: str) -> None:
    assert contents(conversations=TALK, **{column: ["1.mp4"]}) == ["<video>\nWho smiles?", "the <image>", "Why?"]
    assert contents(conversations=TALK, image="1.png", **{column: ["1.mp4"]})[0] == "<image>\nWho smiles?"
    assert contents(conversations=TALK, image=None, **{column: None})[0] == "<image>\nWho smiles?"


@pytest.mark.parametrize("column", ["system", "system_prompt"])
def test_a_column_for_the_system_turn(column: str) -> None:
    assert sharegpt({"conversations": TALK, column: "Be brief."})["system"] == "Be brief."


def test_what_else_a_turn_says_is_kept() -> None:
    assert sharegpt({"conversations": [{"from": "gpt", "value": "a", "loss": False}]})["messages"] == [
        {"loss": False, "role": "gpt", "content": "a"}
    ]


def test_a_text_that_is_no_json_is_told() -> None:
    with pytest.raises(RowError, match="`conversations` is a text that is no list of turns"):
        sharegpt({"conversations": "Who smiles?"})
