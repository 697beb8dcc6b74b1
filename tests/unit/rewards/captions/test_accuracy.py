"""Precision and recall of the rules on rationales in words that were labelled by hand, level by level."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rewards.captions.accuracy import READER_ACCURACY
from rewards.captions.reader import read_caption
from rewards.tree.nodes import LEVELS

ROWS = [json.loads(line) for line in (Path(__file__).parents[3] / "data" / "rationales.jsonl").read_text("utf-8").splitlines()]
Fact = tuple[int, str, str]


def stated(text: str, level: str) -> Counter[Fact]:
    found: Counter[Fact] = Counter()
    for number, person in enumerate(read_caption(text).persons):
        if level == "attribute":
            found.update((number, one.aspect, one.value) for one in person.attributes)
        elif level == "expression":
            found.update((number, "expression", one.name) for one in person.expressions)
        else:
            found.update((number, "emotion", one.label) for one in person.emotions)
    return found


def gold(persons: list[dict], level: str) -> Counter[Fact]:
    found: Counter[Fact] = Counter()
    for number, person in enumerate(persons):
        if level == "attribute":
            found.update((number, *pair) for pair in person["attributes"].items())
        elif level == "expression":
            found.update((number, "expression", name) for name in person["expressions"])
        else:
            found.update((number, "emotion", label) for label, _ in person["emotions"])
    return found


def measured(split: str, level: str) -> tuple[float, float]:
    pairs = [(stated(row["text"], level), gold(row["persons"], level)) for row in ROWS if row["split"] == split]
    hits = sum((said & true).total() for said, true in pairs)
    return hits / sum(said.total() for said, _ in pairs), hits / sum(true.total() for _, true in pairs)


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_told_of_the_rules_is_what_is_measured(level: str) -> None:
    precision, recall = measured("test", level)
    assert (round(precision, 3), round(recall, 3)) == (READER_ACCURACY[level].precision, READER_ACCURACY[level].recall)


def test_rationales_that_the_rules_were_mended_on() -> None:
    assert sum(row["split"] == "dev" for row in ROWS) == sum(row["split"] == "test" for row in ROWS) == 15
    for level in LEVELS:
        precision, recall = measured("dev", level)
        assert precision > 0.97
        assert recall > 0.95
