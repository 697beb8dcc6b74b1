"""No reward hack is paid like what it imitates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries, read_mix
from rewards.tools.reward_hacks import ANSWER, GOLD, Case, hack_cases, honest_cases, paid, rewards_of
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.parser import parse
from rewards.tree.writer import write

HOME = Path(__file__).parents[4]
DEFAULT_MIX = HOME / "configs" / "rewards" / "default.yaml"


def test_every_hack_stays_below_what_it_must() -> None:
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        honest = [*zip(honest_cases(), rewards_of(mix, honest_cases()), strict=True)]
        hacked = [*zip(hack_cases(), rewards_of(mix, hack_cases()), strict=True)]
    assert paid(honest, hacked) == []
    assert all(value is not None for _, value in (*honest, *hacked))
    worth = {case.name: value or 0.0 for case, value in honest}
    assert worth["gold"] == 1.0
    assert worth["half right, wrong emotion"] < worth["half right"] < worth["right evidence"] < 1.0
    assert {case.below for case, _ in hacked} <= set(worth)


def test_a_mix_of_the_answer_alone_pays_the_hacks() -> None:
    with build_mix(mix_entries({"qa": {}})) as mix:
        honest = [*zip(honest_cases(), rewards_of(mix, honest_cases()), strict=True)]
        hacked = [*zip(hack_cases(), rewards_of(mix, hack_cases()), strict=True)]
    assert {"answer only", "root only", "values ?", "all look"} <= set(paid(honest, hacked))


def test_wrong_evidence_with_the_right_root_never_beats_right_evidence_with_a_wrong_root() -> None:
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        (right,) = rewards_of(mix, [case for case in honest_cases() if case.name == "right evidence"])
        unfounded = [case for case in hack_cases() if case.below == "right evidence"]
        worth = rewards_of(mix, unfounded)
    assert len(unfounded) > 10
    assert right is not None
    assert max(value for value in worth if value is not None) < right


@pytest.mark.parametrize("leaves", [1, 2, 4, 8])
@pytest.mark.parametrize("expressions", [1, 2, 6])
@pytest.mark.parametrize("covers", ["all", "no attributes", "no expressions"])
def test_invented_evidence_never_beats_right_evidence_whatever_the_shape(leaves: int, expressions: int, covers: str) -> None:
    aspects = [f"aspect {n}" for n in range(leaves)]

    def person(value: str, name: str, label: str, *, gold: bool = False) -> AffectiveTree:
        attributes = tuple(Attribute(f"a{n}", aspect, value) for n, aspect in enumerate(aspects, 1))
        middles = tuple(Expression(f"e{n}", f"{name} {n}", (f"a{(n - 1) % leaves + 1}",)) for n in range(1, expressions + 1))
        if gold and covers == "no attributes":
            attributes, middles = (), tuple(replace(e, rests_on=()) for e in middles)
        if gold and covers == "no expressions":
            middles = ()
        return AffectiveTree((Person(attributes, middles, (Emotion("m1", label, None, tuple(e.id for e in middles)),)),))

    gold = person("yes", "smile", "happy", gold=True)
    cases = [Case(name, write(tree, answer), "") for name, tree, answer in (
        ("right evidence", person("yes", "smile", "sad"), "sad"),
        ("invented", person("no", "look", "happy"), "happy"),
        ("invented leaves", person("no", "smile", "happy"), "happy"),
        ("asked", person("?", "smile", "happy"), "happy"),
        ("invented expressions", person("yes", "look", "happy"), "happy"),
    )]  # fmt: skip
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        right, *hacks = rewards_of(mix, cases, gold, "happy")
    assert right is not None
    judged = {"all": hacks[:3], "no attributes": [hacks[0]], "no expressions": hacks[:3]}[covers]
    assert all(value is not None and value <= right + 1e-9 for value in judged), dict(
        zip([c.name for c in cases], [right, *hacks], strict=True)
    )


def test_the_documents_tables_are_true() -> None:
    text = (HOME / "docs" / "affective-tree.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| \**([^|]+?)\** \| (\d\.\d{3}) \| ([^|]*) \| ([^|]+) \|$", text, re.MULTILINE)
    cases = [*honest_cases(), *hack_cases()]
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        values = rewards_of(mix, cases)
    honest = {case.name for case in honest_cases()}
    expected = []
    for case, value in zip(cases, values, strict=True):
        below = f"{case.below} − {case.margin}" if case.margin else case.below
        expected.append((case.name, f"{value:.3f}", "" if case.name in honest else below, case.what))
    assert sorted((name, value, below.strip(), what) for name, value, below, what in table) == sorted(expected)


@pytest.mark.parametrize("case", honest_cases(), ids=lambda case: case.name)
def test_honest_cases_are_well_formed(case) -> None:
    assert parse(case.completion).defects == ()


def test_the_gold_completion_is_the_gold_tree_and_half_of_it_is_right() -> None:
    gold, half, evidence, wrong = (parse(case.completion) for case in honest_cases())
    assert (gold.tree, gold.answer) == (GOLD, ANSWER)
    assert len({*half.tree.attributes()} & {*GOLD.attributes()}) == 3
    assert half.answer == ANSWER != wrong.answer == evidence.answer
    assert [*evidence.tree.expressions()] == [*GOLD.expressions()]
    assert write(GOLD, ANSWER) == honest_cases()[0].completion
