"""What a sync measures, and how it says who was late. Syncs themselves are tested on real engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actors.sync.round import SyncBound, SyncTimeout
from actors.sync.weight_sync import Synced, SyncReport, largest_difference
from rollout.samples import Group
from tests.unit.stations import group


def drawn(*log_probs: tuple[float, ...]) -> Group:
    """A group whose samples an engine recorded these log-probs of."""
    made = group([""] * len(log_probs), lengths=[len(row) for row in log_probs])
    samples = zip(made.samples, log_probs, strict=True)
    return replace(made, samples=tuple(replace(one, log_probs=np.array(row, dtype=np.float32)) for one, row in samples))


def test_the_largest_difference_is_over_all_tokens_of_all_engines() -> None:
    ours = [[np.array([-1.0, -2.0]), np.array([-3.0])], [np.array([-1.0])]]
    assert largest_difference(ours, [drawn((-1.0, -2.0), (-3.5,)), drawn((-1.25,))]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="shorter"):
        largest_difference(ours[:1], [drawn((-1.0, -2.0)), drawn((-1.0,))])


def test_log_probs_that_are_no_numbers_are_no_agreement() -> None:
    assert not largest_difference([[np.array([np.nan])]], [drawn((-1.0,))]) <= 1e-3


def test_a_sync_is_told_by_its_metrics() -> None:
    synced = Synced(SyncReport(version=3, seconds=2.0, pause_seconds=0.5, bytes=10), logprob_diff=1e-6)
    assert synced.metrics() == {
        "sync/logprob_diff": 1e-6,
        "sync/pause_seconds": 0.5,
        "sync/seconds": 2.0,
        "sync/bytes": 10.0,
        "sync/version": 3.0,
    }


def test_who_is_late_is_named_with_what_went_wrong_before() -> None:
    bound = SyncBound(7, seconds=0.0)
    assert bound.left() == 0.0
    with pytest.raises(SyncTimeout) as told:
        bound.passed(["engine 1", "engine 0"], ["engine 2 died"])
    assert str(told.value) == (
        "engine 0, engine 1: did not take the weights of version 7 from the learner within 0 s (rollout.sync_timeout); "
        "before that: engine 2 died"
    )
