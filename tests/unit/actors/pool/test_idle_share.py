"""How idle engines were between two readings of their clocks."""

from __future__ import annotations

import pytest

from actors.pool.idle_share import BusyReading, idle_share


def test_it_is_the_mean_over_the_engines() -> None:
    before, after = BusyReading({"a": 1.0, "b": 0.0}, at=10.0), BusyReading({"a": 4.0, "b": 1.0}, at=14.0)
    assert idle_share(before, after) == pytest.approx((1 / 4 + 3 / 4) / 2)


def test_an_engine_that_was_replaced_does_not_count_until_the_next_reading() -> None:
    before, after = BusyReading({"0.0": 0.0, "1.0": 50.0}, at=0.0), BusyReading({"0.0": 0.0, "1.1": 0.5}, at=1.0)
    assert idle_share(before, after) == 1.0  # engine 0 did nothing, and engine 1 has a successor
    assert idle_share(BusyReading({}, at=0.0), after) == 0.0


def test_clocks_that_are_read_late_do_not_lead_beyond_0_and_1() -> None:
    assert idle_share(BusyReading({"a": 0.0}, at=0.0), BusyReading({"a": 1.2}, at=1.0)) == 0.0
