"""Columns that rows call otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.rows.build import build_row
from rollout.rows.formats.registry import AUTO, open_format
from rollout.rows.formats.renaming import renamed
from rollout.rows.row import RowError

FILE = Path("rows.json")
TURNS = [{"role": "user", "content": "?"}]


def test_columns_get_affectrees_names_and_keep_theirs() -> None:
    assert renamed({"solution": "a", "id": 1}, {"answer": "solution"}) == {"solution": "a", "id": 1, "answer": "a"}
    assert renamed({"solution": None, "answer": "b"}, {"answer": "solution"}) == {"solution": None, "answer": "b"}
    assert renamed({"answer": "b"}, {"answer": "solution"}) == {"answer": "b"}
    assert renamed({"answer": "b", "solution": "a"}, {"answer": "solution"})["answer"] == "a"


def test_they_are_renamed_behind_the_format() -> None:
    row = {"conversations": [{"from": "human", "value": "?"}], "gold": "happy", "kind": "emotion_single"}
    names = {"answer": "gold", "task": "kind"}
    found = build_row(open_format(AUTO, FILE, list(row), row, names).columns(row, "w"), 0, "w", Path())
    assert (found.answer, found.task) == ("happy", "emotion_single")
    assert found.columns == {"gold": "happy", "kind": "emotion_single"}


def test_a_column_of_messages_of_another_name_tells_the_format_too() -> None:
    row = {"dialogue": TURNS}
    found = open_format(AUTO, FILE, list(row), row, {"messages": "dialogue"})
    assert (found.name, found.columns(row, "w")["messages"]) == ("canonical", TURNS)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"anwser": "gold"}, "data.columns gives a name to 'anwser', which is no column of affectree's; did you mean 'answer'"),
        ({"gold": "gold"}, "which is no column of affectree's; these are messages, system, videos, images, source, task,"),
        ({"answer": "golden"}, "data.columns reads answer from 'golden', but the rows have no such column; did you mean 'gold'"),
        ({"answer": "xyz"}, "data.columns reads answer from 'xyz', but the rows have no such column; it has messages, gold"),
    ],
)
def test_names_that_mean_nothing_are_refused(names: dict[str, str], said: str) -> None:
    with pytest.raises(RowError) as error:
        open_format(AUTO, FILE, ["messages", "gold"], {"messages": TURNS, "gold": "a"}, names)
    assert str(error.value).startswith("rows.json: ")
    assert said in str(error.value)
