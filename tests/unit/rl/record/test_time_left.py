"""What is told of a phase's pace."""

from __future__ import annotations

import pytest

from rl.record import time_left
from rl.record.time_left import TimeLeft, duration, phase


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


def test_without_a_terminal_a_phase_is_told_at_its_ends_and_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time_left.time, "monotonic", lambda: now[0])
    with phase("tuning", total=10, done=2) as tuning:
        for seconds in (4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0):
            now[0] += seconds
            tuning.step("loss 0.5")
    told = [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "tuning 5/10 | loss 0.5",  # 12 s after the start, and the pace is not known yet
        "tuning 8/10 | loss 0.5 | 8 s left",
        "tuning 10/10 | loss 0.5 | 0 s left",
    ]


def test_a_phase_from_its_first_step_and_one_that_prints_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with phase("looking", total=3) as looking:
        looking.step("a row")
        looking.step("a row")
    with phase("silent", total=1, lines=False) as silent:
        silent.step("a row")
    assert [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()] == ["looking 1/3 | a row"]
