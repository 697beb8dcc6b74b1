"""What the other columns of a row may hold; everything else is refused with where it stands, the key and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rewards.tools.reward_hacks import GOLD
from rewards.tree.writer import write as write_tree
from rollout.rows.row import RowError
from rollout.rows.values import answer_of, check_characters, covers_of, name_of, options_of, text_of, tree_of

TREE = write_tree(GOLD)


def test_values_that_fit_are_taken() -> None:
    assert [text_of({"task": value}, "task", "w") for value in ("qa", "", None)] == ["qa", None, None]
    assert [name_of({"source": value}, "source", "w") for value in ("a", 3, 0.5, "", None)] == ["a", "3", "0.5", None, None]
    values = ("a", 3, True, ["a", "b"])
    answers = [answer_of({"answer": value}, "said", "qa", "w") for value in values]
    assert answers == [("a", ()), ("3", ()), ("True", ()), ("a, b", ("a", "b"))]
    assert {answer_of({"answer": value}, "said", "qa", "w") for value in (None, "", " ", [])} == {("said", ())}
    for value in (["a", "b"], '["a", "b"]'):
        assert options_of({"options": value}, "w") == ("a", "b")
    assert [options_of({"options": value}, "w") for value in (None, "", [])] == [(), (), ()]
    for letters in ({"A": "happy", "B": "sad", "C": None}, '{"A": "happy", "B": "sad"}'):
        assert options_of({"options": letters}, "w") == ("A. happy", "B. sad")
    assert covers_of({"covers": {"aspects": ["hat"], "root": None}}, "w") == {"aspects": ["hat"], "root": None}
    assert (tree_of({"tree": TREE}, "w"), tree_of({}, "w")) == (TREE, None)


def test_what_tables_have_where_something_is_not_known_is_nothing_and_makes_no_fractions_of_whole_numbers() -> None:
    gap = float("nan")
    assert answer_of({"answer": gap}, "said", "qa", "w") == ("said", ())
    assert [name_of({"source": value}, "source", "w") for value in (gap, 3.0)] == [None, "3"]
    assert [answer_of({"answer": value}, None, "qa", "w")[0] for value in (3.0, 3.5, float("inf"))] == ["3", "3.5", "inf"]


def test_half_a_character_is_refused_wherever_it_is() -> None:
    for columns in ({"k": "a\ud83d"}, {"k": [{"x": ("\ud83d",)}]}):
        with pytest.raises(RowError, match=r"^w, key `k`: holds half a character, '\\ud83d'; a text was cut there: mend it$"):
            check_characters({"a": "😀 é", "b": b"\xff", **columns}, "w")
    check_characters({"a": "😀 é", "b": b"\xff", "c": [{"d": None}, 3]}, "w")


@pytest.mark.parametrize(
    ("turn", "task", "answer"),
    [
        ("<answer> happy </answer>", "emotion_single", "happy"),
        ("I see a smile.\n<answer>happy</answer>", "rationale", "happy"),
        ("<tree>\nemotion\nm1 happy\n</tree>\nHappy.", "rationale", "Happy."),
        ("The light is dim.\nThe brows are raised.\nhappy", "rationale", "happy"),
        ("<tree>\nemotion\nm1 happy\n</tree>", "rationale", None),
        ("A man smiles.\nHe nods.", "caption", "A man smiles.\nHe nods."),
        (None, "rationale", None),
    ],
)
def test_the_answer_in_an_assistants_turn(turn: str | None, task: str, answer: str | None) -> None:
    assert answer_of({}, turn, task, "w") == (answer, ())
    assert answer_of({"answer": "given"}, turn, task, "w") == ("given", ())


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: text_of({"task": 3}, "task", "w"), "`task`: must be text, found a number; write the task's name"),
        (
            lambda: name_of({"source": True}, "source", "w"),
            "`source`: must be text, found true or false; mend it, or leave it out",
        ),
        (lambda: options_of({"options": "happy or sad"}, "w"), "must be a list of texts"),
        (lambda: options_of({"options": "[happy, sad]"}, "w"), "must be a list of texts"),
        (
            lambda: tree_of({"tree": {"emotion": "happy"}}, "w"),
            "`tree`: must be text, found `key: value` pairs; write the tree as text",
        ),
        (lambda: answer_of({"answer": {"a": "b"}}, None, "qa", "w"), "must be text or a list of labels, found {'a': 'b'}"),
        (lambda: answer_of({"answer": [["a"]]}, None, "qa", "w"), "`answer`: must be text or a list of labels, found [['a']]"),
        (lambda: options_of({"options": {"first": "a"}}, "w"), "to each letter, such as {A: happy}; found 'first'"),
        (lambda: options_of({"options": {"A": 3}}, "w"), "must give a text to each letter, such as {A: happy}; found 'A': 3"),
        (lambda: options_of({"options": ["a", 3]}, "w"), 'must be a list of texts, such as ["happy", "sad"], or letters'),
        (lambda: covers_of({"covers": ["hat"]}, "w"), "`covers`: must be `key: value` pairs"),
        (lambda: tree_of({"tree": "no tree"}, "w"), "`tree`: "),
    ],
)
def test_values_that_do_not_fit_are_refused(read: Callable[[], object], said: str) -> None:
    with pytest.raises(RowError) as error:
        read()
    assert str(error.value).startswith("w, key `")
    assert said in str(error.value)
