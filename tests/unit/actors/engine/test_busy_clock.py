"""A clock of the time in which anything is under way."""

from __future__ import annotations

from actors.engine.busy_clock import BusyClock


def test_a_clock_runs_while_anything_is_under_way() -> None:
    clock = BusyClock()
    assert clock.seconds() == 0.0
    with clock, clock:
        pass
    once = clock.seconds()
    assert once > 0.0
    assert clock.seconds() == once
