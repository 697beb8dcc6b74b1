"""What a rationale in words teaches: its tree as the known answer settles it, or the reason why it teaches none."""

from __future__ import annotations

import pytest

from rewards.captions.reader import read_caption
from rewards.tree.gold import gold_problem
from rewards.tree.parser import parse
from rollout.rows.row import Row, Turn
from rollout.rows.trees import GoldTree, Known, NoTree, gold_tree, known_answer

SAD = "A young woman with long hair and glasses sits in a dim room. She frowns and sighs. She looks very sad."
TWO = "A bald man frowns and looks angry. A woman with red hair smiles and looks happy."
EXPLAIN = "Please analyze which parts can explain the reasons for your answer."


def read(text: str, known: Known | None = None) -> GoldTree:
    found = gold_tree(text, read_caption(text), known or {})
    assert isinstance(found, GoldTree), found
    assert gold_problem(found.text) is None
    assert not parse(found.text).defects
    return found


def why_not(text: str, known: Known | None = None) -> NoTree:
    found = gold_tree(text, read_caption(text), known or {})
    assert isinstance(found, NoTree), found
    return found


def roots(found: GoldTree) -> list[tuple[str, str | None]]:
    return [(root.label, root.intensity) for root in parse(found.text).tree.emotions()]


def test_attributes_expressions_and_the_emotion_become_a_linked_tree() -> None:
    found = read(SAD)
    (person,) = parse(found.text).tree.persons
    seen = {(a.aspect, a.value) for a in person.attributes}
    assert seen >= {("hair length", "long"), ("eyeglasses", "yes"), ("lighting", "dim")}
    everything = tuple(a.id for a in person.attributes)
    assert [(e.name, e.rests_on) for e in person.expressions] == [("frown", everything), ("sigh", everything)]
    assert roots(found) == [("sad", "strong")]
    assert (found.answer, parse(found.text).answer, found.people, found.complete) == ("sad", "sad", 1, True)


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        (SAD, {"sad": None}, [("sad", "strong")]),
        (SAD, {"sad": "weak"}, [("sad", "weak")]),  # the answer's own intensity counts
        (SAD, {"fear": None, "sad": None}, [("fear", None), ("sad", "strong")]),  # of a set, the text need not name all
        (SAD.replace("She looks very sad.", ""), {"sad": None}, [("sad", None)]),  # the text names none: the answer does
        (SAD + " At first she was happy.", {"sad": None}, [("sad", "strong")]),  # it names others as well
    ],
)
def test_the_known_answer_decides_about_the_roots(text: str, known: Known, expected: list[tuple[str, str | None]]) -> None:
    found = read(text, known)
    assert roots(found) == expected
    assert found.answer == ", ".join(label for label, _ in expected)


@pytest.mark.parametrize(
    ("text", "known", "reason"),
    [
        (SAD, {"happy": None}, "another emotion than the row's answer"),
        ("A man with a beard smiles.", {}, "no emotion is read"),
        ("A man with a beard smiles. He is not happy.", {}, "every emotion that it names is denied"),
        ("She frowns. She is sad.".replace("She", "Somebody"), {}, "no attribute is read"),
        ("A man with a beard is sad.", {}, "no expression is read"),
        ("A man and a woman and a boy and a girl smile happily." * 2, {}, "too many people"),
        ("A man with a beard smiles. He is happy, then angry, then sad.", {}, "too many emotions"),
        ("A bald man frowns. A woman with red hair smiles.", {"sad": None}, "does not say whose emotion it is"),
        (
            "A bald man looks angry. A woman with red hair smiles and is happy.",
            {"angry": None},
            "with the known emotion too little",
        ),
        ("", {}, "no emotion is read"),
    ],
)
def test_a_text_that_cannot_be_taught_has_a_reason(text: str, known: Known, reason: str) -> None:
    assert reason in str(why_not(text, known))


def test_people_of_whom_a_level_is_missing_are_left_out_and_counted() -> None:
    both = read(TWO)
    assert (both.answer, both.people, both.complete) == ("angry, happy", 2, True)
    one = read(TWO.replace("smiles and looks happy", "stands there"))
    assert (one.answer, one.people, one.complete) == ("angry", 2, False)
    assert read(TWO, {"happy": None}).answer == "happy"


def row(question: str, answer: str | None = None, context: tuple[Turn, ...] = (), options: tuple[str, ...] = ()) -> Row:
    return Row(0, question, (), "rationale_text", answer=answer, reference=SAD, context=context, options=options)


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ("<video>Which is it: (A) Positive (B) Sadness (C) Anger?", "B", {"sad": None}),
        ("<video>Which is it: (A) Positive (B) Sadness (C) Anger?", "(A) Positive", {}),  # no emotion: nothing to check by
        ("<video>Which are they: (A) Happiness (B) Sadness (C) Anger?", "BC", {"angry": None, "sad": None}),
        ("<video>Which emotion, with intensity?", "angry (strong)", {"angry": "strong"}),
        ("<video>How does she feel?", "The woman feels deeply sad.", {"sad": "strong"}),
        ("<video>Is there a hat?", "Yes", {}),
    ],
)
def test_the_answer_before_the_rationale_is_known(asked: str, told: str, expected: Known) -> None:
    assert known_answer(row(EXPLAIN, context=(Turn("user", asked), Turn("assistant", told)))) == expected


def test_a_rows_own_answer_is_known_unless_it_is_the_rationale_itself() -> None:
    assert known_answer(row("<video>Explain.", answer="Sadness")) == {"sad": None}
    assert known_answer(row("<video>Explain.", answer="B", options=("happy", "angry"))) == {"angry": None}
    assert known_answer(row("<video>Explain.", answer=SAD)) == {}
