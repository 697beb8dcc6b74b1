"""When frames are shown, by their time stamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from rollout.media.times import Clock, ShownOrder, Stamp, timeline


@dataclass
class Stored:
    """A packet as PyAV describes it."""

    pts: int | None
    dts: int | None
    duration: int | None = 10
    is_keyframe: bool = True
    is_discard: bool = False
    is_corrupt: bool = False


def order(*packets: Stored, longest_gap: int | None = None) -> list[Stamp]:
    found = ShownOrder(longest_gap)
    for packet in packets:
        found.add(packet)
    return found.stamps()


def times(stamps: list[Stamp], clock: Clock) -> list[int]:
    return timeline(stamps, Fraction(1, 100), clock).times.tolist()


def test_frames_are_shown_by_their_time_and_not_in_the_order_of_decoding() -> None:
    assert order(Stored(20, 0), Stored(50, 10), Stored(30, 20), Stored(40, 30)) == [(20, 10), (30, 10), (40, 10), (50, 10)]


def test_packets_that_only_set_up_the_decoder_show_nothing() -> None:
    assert order(Stored(-10, -10, is_discard=True), Stored(0, 0, is_keyframe=False)) == [(0, 10)]


def test_nothing_is_shown_before_the_first_whole_picture() -> None:
    assert order(Stored(0, 0, is_keyframe=False), Stored(10, 10), Stored(20, 20, is_keyframe=False)) == [(10, 10), (20, 10)]


def test_the_last_packet_of_a_half_file_is_not_counted() -> None:
    assert order(Stored(0, 0), Stored(10, 10, is_corrupt=True), Stored(20, 20, is_corrupt=True)) == [(0, 10), (10, 10)]


def test_without_a_time_in_every_packet_there_are_none() -> None:
    assert order(Stored(0, 0), Stored(None, 10)) == []


@pytest.mark.parametrize("later, gap", [(0, None), (5000, 1000)])
def test_parts_whose_clock_starts_over_follow_one_another(later: int, gap: int | None) -> None:
    stamps = order(Stored(10, 0), Stored(20, 10), Stored(later + 10, later), Stored(later + 20, later + 10), longest_gap=gap)
    joined = timeline(stamps, Fraction(1, 100), Clock(longest_gap=gap))
    assert joined.times.tolist() == [0, 10, 20, 30]
    assert (joined.end, joined.seconds, joined.origin, joined.joined) == (40, Fraction(2, 5), 10, True)


def test_a_long_rest_is_believed_where_clocks_are_not_set_anew() -> None:
    assert times([(0, 10), (5000, 10)], Clock()) == [0, 5000]


def test_frames_without_a_time_follow_one_another() -> None:
    assert times([(None, 4), (None, 4), (None, 4)], Clock(spacing=10)) == [0, 4, 8]
    assert times([(None, 0), (None, 0)], Clock(spacing=10)) == [0, 10]


def test_where_times_do_not_start_over_an_earlier_one_is_wrong() -> None:
    assert times([(10, 10), (30, 10), (20, 10), (40, 10)], Clock(joins=False)) == [0, 20, 20, 30]


def test_the_last_frame_lasts_as_long_as_it_states_or_as_the_one_before() -> None:
    assert timeline([(0, 0), (30, 5)], Fraction(1, 100), Clock()).end == 35
    assert timeline([(0, 0), (30, 0)], Fraction(1, 100), Clock()).end == 60
    assert timeline([(7, 0)], Fraction(1, 100), Clock(spacing=4)).end == 4
