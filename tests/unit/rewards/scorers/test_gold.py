"""Whether rows have gold for a scorer."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace

import pytest

from rewards import scorers
from rewards.sample import RewardSample
from rewards.scorers.gold import has_gold
from tests.unit.rewards.rationales import GOOD

ROOT = "<tree>\nemotion\nm1 angry\n</tree>"
ROWS = [
    RewardSample("", tree=GOOD),
    RewardSample("", tree=GOOD, answer="angry"),
    RewardSample("", tree=ROOT),
    RewardSample("", answer="angry"),
    RewardSample("", answer="something else"),
    RewardSample("", task="qa", answer="A", options=("red", "brown")),
    RewardSample("", task="emotion_multi", answer="angry, sad", answers=("angry", "sad")),
    RewardSample("", task="qa"),
    RewardSample(""),
]


@pytest.mark.parametrize("name", scorers.__all__)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_has_gold_for_a_scorer_that_judges_its_completions(name: str, row: RewardSample) -> None:
    given = getattr(scorers, name)(replace(row, completion=GOOD))
    given = asyncio.run(given) if inspect.iscoroutine(given) else given
    if name == "caption_tree" and row.answer and not row.tree:
        assert has_gold(name, row)  # whether a tree can be read out of the text is for its parser to say
    else:
        assert has_gold(name, row) == (given is not None)
