"""Prompts that are too long are found by the checkpoint's own processor."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rl.data_check.lengths import Checkpoint, Long, Positions, bounds_of, measure, trained_positions
from rollout.media.medium import ClipSpec
from rollout.prompts import PromptEncoder
from rollout.rows.data import open_rows
from rollout.rows.progress import SILENT


def test_rows_are_measured_and_those_that_are_too_long_are_named(
    tiny_model: Path, encoder: PromptEncoder, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})  # no processes of their own
    rows = open_rows(faces / "val.jsonl").only(range(12))
    checkpoint = Checkpoint(str(tiny_model), ClipSpec(), "float32")
    bounds = bounds_of(checkpoint)
    tokens = [len(encoder.encode(row).ids) for row in rows]
    limit = sorted(tokens)[-3]
    limits = [Positions(np.arange(12), limit), Positions(np.array([0]), 1, "of another use", reply=True)]
    found = measure(rows, bounds, limits, checkpoint, SILENT)
    assert found.tokens.tolist() == tokens
    reply = len(encoder.reply_ids(rows[0].reference or ""))
    long = {place: Long(place, count, limit, Positions.because) for place, count in enumerate(tokens) if count > limit}
    assert {0: Long(0, tokens[0] + reply, 1, "of another use"), **long} == {one.place: one for one in found.long}
    (trained,) = trained_positions("val", rows, bounds)
    assert trained.limit == encoder.positions
    assert not measure(rows, bounds, [trained], checkpoint, SILENT).long
