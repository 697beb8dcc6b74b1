"""Rows are read once, in order, ahead of their step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from rl.learner.row_reader import RowReader
from rollout.media.medium import MediaError, Medium
from rollout.prompts import EncodedPrompt, PromptEncoder
from rollout.rows.data import open_rows
from rollout.rows.row import Row


class Counting:
    """An encoder that notes which rows it encodes."""

    def __init__(self, encoder: PromptEncoder) -> None:
        self._encoder = encoder
        self.seen: list[int] = []
        self.read = Event()

    def encode(self, row: Row) -> EncodedPrompt:
        self.seen.append(row.index)
        if len(self.seen) == 4:
            self.read.set()
        return self._encoder.encode(row)

    def reply_ids(self, text: str) -> np.ndarray:
        return self._encoder.reply_ids(text)


@pytest.fixture
def rows(faces: Path) -> list[Row]:
    opened = open_rows(faces / "train.jsonl")
    return [opened[index] for index in range(6)]


def test_the_rows_of_the_next_step_are_read_once_while_others_are_learned_from(encoder: PromptEncoder, rows: list[Row]) -> None:
    counting: Any = Counting(encoder)
    reader = RowReader(counting)
    first = reader.examples(rows[:2], upcoming=rows[2:4])
    assert counting.read.wait(30)
    second = reader.examples(rows[2:4])
    assert counting.seen == [0, 1, 2, 3]
    for row, example in zip(rows, [*first, *second], strict=False):
        np.testing.assert_array_equal(example.prompt.ids, encoder.encode(row).ids)
        np.testing.assert_array_equal(example.replies[0], encoder.reply_ids(row.reference or ""))


def test_other_rows_than_were_announced_are_read_all_the_same(encoder: PromptEncoder, rows: list[Row]) -> None:
    counting: Any = Counting(encoder)
    reader = RowReader(counting)
    reader.examples(rows[:2], upcoming=rows[2:4])
    np.testing.assert_array_equal(reader.examples(rows[4:])[0].prompt.ids, encoder.encode(rows[4]).ids)
    assert counting.seen == [0, 1, 2, 3, 4, 5]


def test_what_is_wrong_with_a_row_is_told_when_it_is_asked_for(encoder: PromptEncoder, rows: list[Row]) -> None:
    gone = replace(rows[2], media=(Medium("video", "gone.mp4"),))
    reader = RowReader(encoder)
    assert len(reader.examples(rows[:1], upcoming=[gone])) == 1
    with pytest.raises(MediaError, match=r"gone\.mp4"):
        reader.examples([gone])
    with pytest.raises(ValueError, match="row 4: no assistant turn"):
        reader.examples([replace(rows[3], reference=None)])
