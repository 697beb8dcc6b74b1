"""Rows about one clip stay on one rank, and ranks get about as many tokens."""

from __future__ import annotations

import pytest

from rl.learner.spread import distinct_tokens, spread
from rollout.media.medium import ClipSpec, Medium
from rollout.rows.row import Row

SPEC = ClipSpec()


def row(clip: int | None, said: int = 40, kind: str = "video") -> Row:
    media = () if clip is None else (Medium("image" if kind == "image" else "video", f"{clip}.mp4"),)
    return Row(0, "?" * said, media, "qa", reference="")


def clips(rows: list[Row], places: list[int]) -> set[tuple[Medium, ...]]:
    return {rows[place].media for place in places}


def test_one_rank_has_all_rows_as_they_are() -> None:
    assert spread([row(2), row(1), row(2), row(None)], 1, SPEC) == [[0, 1, 2, 3]]


def test_rows_about_one_clip_stay_together_whatever_lies_between_them() -> None:
    rows = [row(number // 2 % 6) for number in range(24)]
    found = spread(rows, 3, SPEC)
    assert sorted(place for places in found for place in places) == list(range(24))
    assert all(places == sorted(places) for places in found)
    assert [len(clips(rows, places)) for places in found] == [2, 2, 2]
    assert sum(len(clips(rows, places)) for places in found) == 6


def test_ranks_are_balanced_by_what_they_compute_not_by_rows() -> None:
    rows = [*(row(0) for _ in range(9)), row(1), row(2), row(3)]
    found = spread(rows, 2, SPEC)
    assert sorted(len(clips(rows, places)) for places in found) == [2, 2]  # 10 rows and 2, about two clips each
    loads = [sum(distinct_tokens([rows[place] for place in places if rows[place].media == one], SPEC)
                 for one in clips(rows, places)) for places in found]  # fmt: skip
    assert max(loads) < 1.1 * min(loads)


def test_rows_that_show_nothing_fill_up_by_their_texts() -> None:
    rows = [row(0), *(row(None, said=400) for _ in range(12))]
    (with_clip, without) = sorted(spread(rows, 2, SPEC), key=lambda places: 0 not in places)
    assert 0 in with_clip
    assert len(with_clip) <= 2 and len(without) >= 11


@pytest.mark.parametrize(("rows", "ranks", "sizes"), [(8, 2, [4, 4]), (8, 3, [2, 2, 4]), (2, 2, [1, 1]), (1, 3, [0, 0, 1])])
def test_the_largest_are_halved_where_clips_are_fewer_than_ranks(rows: int, ranks: int, sizes: list[int]) -> None:
    found = spread([row(0)] * rows, ranks, SPEC)
    assert sorted(map(len, found)) == sizes
    assert sorted(place for places in found for place in places) == list(range(rows))


def test_a_clip_counts_once_as_its_settings_let_it_be_and_texts_each_time() -> None:
    assert distinct_tokens([row(0, said=0)], SPEC) == 1024 + 1  # 16 frames of 100,352 pixels
    assert distinct_tokens([row(0, said=40)] * 3, SPEC) == 1024 + 3 * 11
    assert distinct_tokens([row(0, said=0, kind="image")], SPEC) == 128 + 1
    smaller = Row(0, "", (Medium("video", "a.mp4").at_most(4, 50_176),), "qa")
    assert distinct_tokens([smaller], SPEC) == 128 + 1
