"""A bet on two truths earns less than the honest answer, at every certainty."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewards.mix import build_mix
from rewards.mix_settings import mix_entries, read_mix
from rewards.tools.hedges import CERTAINTIES, Hedge, Odds, hedge_odds, hedges
from rewards.tree.parser import parse

HOME = Path(__file__).parents[4]
DEFAULT_MIX = HOME / "configs" / "rewards" / "default.yaml"


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
