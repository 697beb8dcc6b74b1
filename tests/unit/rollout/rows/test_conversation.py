"""The turns of a conversation. What is refused is in the zoo of rows (`row_zoo.py`)."""

from __future__ import annotations

import pytest

from rollout.rows.conversation import ROLES, Place, turns_of


@pytest.mark.parametrize("name", ROLES)
def test_roles_of_other_trainers(name: str) -> None:
    user = {"role": "user", "content": "?"}
    messages = [user, {"role": name, "content": "a"}] if ROLES[name] == "assistant" else [{"role": name, "content": "a"}, user]
    assert [turn.role for turn in turns_of(messages, "w") if turn.pieces == ("a",)] == [ROLES[name]]


def test_all_turns_are_read_with_their_numbers() -> None:
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant", "user", "assistant")]
    turns = turns_of(messages, "w")
    assert [(turn.number, turn.role, turn.pieces, turn.typed) for turn in turns] == [
        (number, one["role"], (one["content"],), False) for number, one in enumerate(messages, start=1)
    ]


def test_parts_are_texts_or_places() -> None:
    content = [
        {"type": "text", "text": "a", "image": None},
        {"type": "image", "image": "1.png", "text": None},
        {"type": "video"},
        {"image_url": {"url": "2.png"}},
        {"text": ""},
        "b",
    ]
    (turn,) = turns_of([{"role": "user", "content": content[:4] + content[5:]}], "w")
    places = [Place("image", {"image": "1.png"}), Place("video"), Place("image", {"image_url": {"url": "2.png"}})]
    assert (turn.pieces, turn.typed) == (("a", *places, "b"), True)
    (turn,) = turns_of([{"role": "user", "content": ["a", content[4]]}], "w")
    assert turn.pieces == ("a", "")
