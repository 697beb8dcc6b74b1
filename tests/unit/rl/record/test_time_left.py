"""What is told of a phase's pace."""

from __future__ import annotations

import pytest

from rl.record import time_left
from rl.record.time_left import TimeLeft, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (95, "2 min"),
        (3600, "60 min"),
        (5400, "1 h 30 min"),
        (172_800, "2 d 0 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations_are_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_time_left_follows_the_last_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time_left.time, "monotonic", lambda: now[0])
    left = TimeLeft(total=100, done=40)
    assert str(left) == ""
    for number, seconds in enumerate((100.0, *([2.0] * 40)), start=1):  # a slow first step is forgotten
        now[0] += seconds
        left.step()
        assert (str(left) == "") == (number < 4)
    assert left.done == 81
    assert left.seconds_a_step == 2.0
    assert str(left) == "38 s left"
