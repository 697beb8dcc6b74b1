"""Drawn by clip, the rows come in the proportions in which they come by row."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pytest

from rollout.rows.clip_draws import clip_draws
from rollout.rows.clip_groups import ClipGroups, clip_groups
from rollout.rows.data import RowData, open_rows
from rollout.rows.mixing import mixed_indices, row_rates
from rollout.rows.row import RowError

MIX = {"attribute_*": 3.0, "rationale": 2.0, "emotion_single|rationale": 1.0, "faces/QA_hat": 0.5}
"""Uneven weights, and patterns that overlap."""


@pytest.fixture(scope="module")
def rows(faces: Path) -> RowData:
    """Rows about 24 clips, of which the first half has no rationale, and the last six have no more than one attribute."""
    whole = open_rows(faces / "train.jsonl")
    clip = np.unique(whole.column("shows"), return_inverse=True)[1]
    tasks = whole.tasks()
    left = np.array([task.startswith("attribute") for task in tasks]) & (clip >= 18)
    for number in range(18, 24):
        left[np.flatnonzero(left & (clip == number))[:1]] = False
    return whole.without(np.flatnonzero(left | ((tasks == "rationale") & (clip < 12))))


def some_groups(clips: int = 30, rows: int = 200) -> ClipGroups:
    rng = np.random.default_rng(0)
    rates = rng.choice([1.0, 0.6, 0.05], rows)
    return clip_groups(rates, rng.integers(1, clips + 1, rows), 4, seed=1)


def test_the_rates_are_those_of_drawing_by_row(rows: RowData) -> None:
    rates = row_rates(rows, {**MIX, "expression_open": 0.0})
    tasks = rows.tasks()
    assert rates.sum() == pytest.approx(1.0)
    assert not rates[tasks == "expression_open"].any()
    drawn = Counter(islice(mixed_indices(rows, MIX, seed=3), 200_000))
    for task in ("attribute_open", "attribute_closed", "rationale", "emotion_single"):
        mine = np.flatnonzero(tasks == task)
        assert sum(drawn[index] for index in mine.tolist()) / 200_000 == pytest.approx(rates[mine].sum(), abs=0.005)


@pytest.mark.parametrize("together", [1, 3, 8])
def test_every_row_comes_as_often_as_by_row(rows: RowData, together: int) -> None:
    """And so does every pattern, which is a sum of rows. The bounds are those of chance for independent draws of the groups."""
    count = 400_000
    expected = count * row_rates(rows, MIX)
    drawn = np.bincount(list(islice(mixed_indices(rows, MIX, 5, together=together), count)), minlength=len(rows))
    assert (drawn[expected == 0] == 0).all()
    chosen = expected > 0
    assert np.abs((drawn - expected) / np.sqrt(expected.clip(1)))[chosen].max() < 4.5
    tasks = rows.tasks()
    for task in np.unique(tasks[chosen]):
        share, wanted = (values[tasks == task].sum() / count for values in (drawn, expected))
        assert share == pytest.approx(wanted, abs=0.004), task


def test_the_first_step_has_the_mix_over_many_seeds(rows: RowData) -> None:
    rates, tasks = row_rates(rows, MIX), rows.tasks()
    first = np.array([list(islice(mixed_indices(rows, MIX, seed, together=4), 32)) for seed in range(400)])
    share, wanted = np.mean(tasks[first] == "rationale"), rates[tasks == "rationale"].sum()
    assert share == pytest.approx(wanted, abs=0.05)  # less than a group of 4 in 32 rows, and chance


def test_rows_about_one_clip_come_together(rows: RowData) -> None:
    clips = rows.column("shows")

    def runs(together: int | None) -> list[int]:
        drawn = list(islice(mixed_indices(rows, {"attribute_*": 1.0}, 2, together=together), 6000))
        return [len(list(same)) for _, same in groupby(drawn, key=lambda row: int(clips[row]))]

    assert np.mean(runs(None)) < 1.2
    assert np.mean(runs(5)) > 4
    steps = np.array(list(islice(mixed_indices(rows, {"attribute_*": 1.0}, 2, together=8), 3200))).reshape(-1, 32)
    assert np.mean([len(set(clips[step])) for step in steps]) < 7  # of 32 rows, 5 or 6 clips, where each has 22


def test_no_row_comes_twice_in_a_group() -> None:
    groups = some_groups()
    for number in range(len(groups.rates)):
        for time in range(20):
            drawn = groups.drawn(np.array([number]), np.array([time])).tolist()
            assert 1 <= len(drawn) == len(set(drawn)) <= 4


def test_with_even_rates_each_row_comes_once_an_epoch(rows: RowData) -> None:
    pool = np.flatnonzero([task.startswith("attribute_") for task in rows.tasks()])
    draws = mixed_indices(rows, {"attribute_*": 1.0}, seed=0, together=5)
    first, second = (list(islice(draws, len(pool))) for _ in range(2))
    assert sorted(first) == sorted(second) == pool.tolist()
    assert first != second


@pytest.mark.parametrize("done", [1, 31, 5000, 60_000])
def test_a_sequence_goes_on_from_anywhere(rows: RowData, done: int) -> None:
    whole = list(islice(mixed_indices(rows, MIX, 1, together=5), done + 300))
    assert list(islice(mixed_indices(rows, MIX, 1, done, together=5), 300)) == whole[done:]
    assert whole[:300] != list(islice(mixed_indices(rows, MIX, 2, together=5), 300))


def test_clips_that_share_a_number_are_merely_drawn_together() -> None:
    rates = np.ones(40)
    for clips in (np.arange(1, 41) // 4 + 1, np.arange(1, 41) // 8 + 1):
        drawn = Counter(islice(clip_draws(clip_groups(rates, clips, 4, seed=0), seed=0), 400))
        assert set(drawn.values()) == {10}


def test_a_mix_that_asks_for_what_is_not_there_is_refused(rows: RowData) -> None:
    with pytest.raises(RowError, match="nothing_like_it"):
        mixed_indices(rows, {"nothing_like_it": 1.0}, seed=0, together=5)
