"""No reward hack is paid like an honest rationale."""

from __future__ import annotations

import re
from pathlib import Path

from rewards.mix import build_mix
from rewards.mix_settings import read_mix
from rewards.tools.reward_hacks import ANSWER, GOLD, hack_cases, honest_cases, rewards_of
from rewards.tree.parser import parse
from rewards.tree.writer import write

HOME = Path(__file__).parents[4]
DEFAULT_MIX = HOME / "configs" / "rewards" / "default.yaml"


def test_every_hack_is_paid_less_than_an_honest_half_right_tree() -> None:
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        gold, half, wrong = rewards_of(mix, honest_cases())
        assert gold == 1.0
        assert half is not None
        assert wrong is not None
        assert wrong < half
        for case, paid in zip(hack_cases(), rewards_of(mix, hack_cases()), strict=True):
            assert paid is not None
            assert paid < half, case.name


def test_the_documents_table_is_true() -> None:
    text = (HOME / "docs" / "affective-tree.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| \**([\w ,]+?)\** \| (\d\.\d{3}) \| (.+) \|$", text, re.MULTILINE)
    cases = [*honest_cases(), *hack_cases()]
    with build_mix(read_mix(DEFAULT_MIX)) as mix:
        paid = rewards_of(mix, cases)
    assert sorted(table) == sorted((case.name, f"{value:.3f}", case.what) for case, value in zip(cases, paid, strict=True))


def test_the_gold_completion_is_the_gold_tree_and_half_of_it_is_right() -> None:
    gold, half, wrong = (parse(case.completion) for case in honest_cases())
    assert (gold.tree, gold.answer, gold.defects) == (GOLD, ANSWER, ())
    assert len({*half.tree.attributes()} & {*GOLD.attributes()}) == 3
    assert half.answer == ANSWER != wrong.answer
    assert write(GOLD, ANSWER) == honest_cases()[0].completion
