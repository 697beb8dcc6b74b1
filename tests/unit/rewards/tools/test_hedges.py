"""A bet on two truths earns less than the honest answer, at every certainty."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries, read_mix
from rewards.tools.hedges import CERTAINTIES, Hedge, Odds, Truth, hedge_odds, hedges
from rewards.tools.reward_hacks import Case, rewards_of
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.parser import parse
from rewards.tree.writer import write

HOME = Path(__file__).parents[4]
DEFAULT_MIX = HOME / "configs" / "rewards" / "default.yaml"
MIX = build_mix(read_mix(DEFAULT_MIX))
OTHER = {"happy": "sad", "sad": "angry", "angry": "happy", "yes": "no", "no": "yes"}


@pytest.mark.parametrize("hedge", hedges(), ids=lambda hedge: hedge.name)
def test_no_hedge_pays_at_any_certainty(hedge: Hedge) -> None:
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        odds = hedge_odds(mix, hedge)
    assert [one.certainty for one in odds] == [*CERTAINTIES] == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert not any(one.pays for one in odds)
    assert hedge.likelier != hedge.other


def test_odds_are_means_over_what_may_be_true() -> None:
    hedge = next(one for one in hedges() if one.name == "answer against tree")
    with build_mix(mix_entries({"qa": {}})) as mix:
        odds = hedge_odds(mix, hedge)
    assert odds[1] == Odds(0.6, honest=0.6, hedge=0.0)
    two = next(one for one in hedges() if one.name == "two roots")
    with build_mix(mix_entries({"qa": {}})) as mix:
        assert all(one.pays for one in hedge_odds(mix, two))  # the answer alone is the honest one's


def test_the_documents_table_is_true() -> None:
    text = (HOME / "docs" / "affective-tree.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (.+?) \| (-?\d\.\d{3}(?: \| -?\d\.\d{3}){4}) \| (.+) \|$", text, re.MULTILINE)
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        expected = [
            (one.name, " | ".join(f"{odds.honest - odds.hedge:.3f}" for odds in hedge_odds(mix, one)), one.what)
            for one in hedges()
        ]
    assert table == expected


def test_hedges_on_persons_and_trees_are_what_they_say() -> None:
    said = {one.name: parse(one.completion) for one in hedges()}
    assert len(said["two persons"].tree.persons) == 2
    assert said["two trees"].has("second_tree")
    assert said["two answers"].has("several_answers")
    assert len({m.label for m in said["two roots"].tree.emotions()}) == 2


def drawn(rng: random.Random) -> Person:
    aspects = rng.sample(["hat", "beard", "mask", "teeth", "bangs", "makeup"], rng.randint(1, 5))
    attributes = [Attribute(f"a{n}", aspect, rng.choice(["yes", "no"])) for n, aspect in enumerate(aspects, 1)]
    names = rng.sample(["smile", "frown", "scowl", "stare"], rng.randint(1, 3))
    expressions = [Expression(f"e{n}", name, (rng.choice(attributes).id,)) for n, name in enumerate(names, 1)]
    root = Emotion("m1", rng.choice(["happy", "sad", "angry"]), None, tuple(e.id for e in expressions))
    return Person(tuple(attributes), tuple(expressions), (root,))


def otherwise(person: Person, rng: random.Random) -> Person:
    """What may be true instead: each node has another text with some chance."""
    return Person(
        tuple(replace(a, value=OTHER[a.value]) if rng.random() < 0.4 else a for a in person.attributes),
        tuple(replace(e, name=f"other {e.name}") if rng.random() < 0.4 else e for e in person.expressions),
        tuple(replace(m, label=OTHER[m.label]) if rng.random() < 0.4 else m for m in person.emotions),
    )


def both(one: Person, other: Person, rng: random.Random) -> Person | None:
    """A bet on both in at least one node, and on the first in the rest; None where chance made no bet."""

    def chosen(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
        pairs = zip(first, second, strict=True)
        return [node for a, b in pairs for node in ((a, b) if a != b and rng.random() < 0.5 else (a,))]

    attributes, names = chosen(one.attributes, other.attributes), chosen(one.expressions, other.expressions)
    roots = [*one.emotions, *(m for m in other.emotions if m not in one.emotions and rng.random() < 0.5)]
    if [len(attributes), len(names), len(roots)] == [len(one.attributes), len(one.expressions), 1]:
        return None
    ids: dict[str, list[str]] = {}
    for number, a in enumerate(attributes, 1):
        ids.setdefault(a.id, []).append(f"a{number}")
    expressions = tuple(
        replace(e, id=f"e{n}", rests_on=tuple(i for old in e.rests_on for i in ids[old])) for n, e in enumerate(names, 1)
    )
    resting = tuple(e.id for e in expressions)
    return Person(
        tuple(replace(a, id=f"a{n}") for n, a in enumerate(attributes, 1)),
        expressions,
        tuple(replace(m, id=f"m{n}", rests_on=resting) for n, m in enumerate(roots, 1)),
    )


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_no_random_bet_on_both_pays(seed: int) -> None:
    rng = random.Random(seed)
    one = drawn(rng)
    other = otherwise(one, rng)
    bet = both(one, other, rng)
    if bet is None:
        return
    truths = [Truth(AffectiveTree((person,)), person.emotions[0].label) for person in (one, other)]
    texts = [*(write(truth.tree, truth.answer) for truth in truths), write(AffectiveTree((bet,)), rng.choice(truths).answer)]
    cases = [Case(name, text, "") for name, text in zip(("one", "other", "bet"), texts, strict=True)]
    worth = [rewards_of(MIX, cases, truth.tree, truth.answer) for truth in truths]
    for certainty in CERTAINTIES:
        first, second, hedged = (
            certainty * (a or 0.0) + (1 - certainty) * (b or 0.0) for a, b in zip(worth[0], worth[1], strict=True)
        )
        assert hedged < max(first, second)
