"""Rows about one clip are put together so that each comes as often as it is to."""

from __future__ import annotations

import numpy as np
import pytest

from rollout.rows.clip_groups import NO_CLIP, ClipGroups, clip_groups


def listed(groups: ClipGroups) -> list[list[int]]:
    """The rows of each group."""
    return [groups.rows[begin:end].tolist() for begin, end in zip(groups.starts, groups.starts[1:], strict=False)]


def test_a_group_has_rows_about_one_clip_and_no_more_than_it_may() -> None:
    clips = np.array([5, 3, 5, 5, 3, 5, 5, 9])
    groups = clip_groups(np.ones(8), clips, 2, seed=0)
    found = listed(groups)
    assert sorted(row for group in found for row in group) == list(range(8))
    assert sorted(map(len, found)) == [1, 1, 2, 2, 2]
    assert all(len(set(clips[group])) == 1 for group in found)
    assert [len(group) for group in listed(clip_groups(np.ones(8), clips, 1, seed=0))] == [1] * 8
    assert [set(group) for group in listed(clip_groups(np.ones(8), clips, 5, seed=0))] == [{1, 4}, {0, 2, 3, 5, 6}, {7}]


def test_rows_that_are_never_drawn_are_in_no_group_and_those_that_show_nothing_are_alone() -> None:
    groups = clip_groups(np.array([1.0, 0.0, 1.0, 1.0, 2.0]), np.array([NO_CLIP, NO_CLIP, NO_CLIP, 4, 4]), 8, seed=0)
    assert sorted(listed(groups)) == [[0], [2], [4, 3]]


def test_which_rows_go_together_is_a_matter_of_the_seed() -> None:
    one, same, other = (listed(clip_groups(np.ones(60), np.ones(60, dtype=np.uint64), 5, seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_rows_with_the_highest_rates_go_together_and_always_come() -> None:
    rates = np.array([1.0, 4.0, 4.0, 1.0, 2.0])
    groups = clip_groups(rates, np.full(5, 7), 3, seed=0)
    assert [set(group) for group in listed(groups)] == [{1, 2, 4}, {0, 3}]
    assert groups.rates.tolist() == [4.0, 1.0]
    assert dict(zip(groups.rows.tolist(), groups.shares.tolist(), strict=True)) == {1: 1.0, 2: 1.0, 4: 0.5, 0: 1.0, 3: 1.0}


def test_numbers_of_64_bits_are_told_apart() -> None:
    clips = np.array([2**63 + 1, 2**63, 2**63 + 1], dtype=np.uint64)
    assert sorted(map(sorted, listed(clip_groups(np.ones(3), clips, 8, seed=0)))) == [[0, 2], [1]]


@pytest.mark.parametrize("share", [0.5, 0.3, 0.01])
def test_a_row_comes_in_its_share_of_the_draws_spread_evenly_over_them(share: float) -> None:
    groups = clip_groups(np.array([1.0, share, share]), np.full(3, 7), 3, seed=4)
    drawn = [groups.drawn(np.array([0]), np.array([time])).tolist() for time in range(1000)]
    assert all(0 in rows for rows in drawn)
    assert all((1 in rows) == (2 in rows) for rows in drawn)  # together, so that few draws have many rows
    came = np.cumsum([1 in rows for rows in drawn])
    assert np.abs(came - share * np.arange(1, 1001)).max() < 2.5  # independent draws would stray by some 15


def test_over_all_seeds_a_row_comes_in_its_share_of_each_draw() -> None:
    rates, clips = np.array([1.0, 0.25]), np.full(2, 7)
    for time in (0, 1, 5):
        came = [1 in clip_groups(rates, clips, 2, seed).drawn(np.array([0]), np.array([time])) for seed in range(2000)]
        assert np.mean(came) == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 2000) ** 0.5)


def test_draws_of_several_groups_come_one_after_the_other() -> None:
    groups = clip_groups(np.ones(5), np.array([4, 4, 2, 2, 2]), 8, seed=0)
    a, b = listed(groups)
    assert groups.drawn(np.array([1, 0, 1]), np.array([0, 0, 1])).tolist() == [*b, *a, *b]
    assert groups.drawn(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
