"""Points that MLflow lacks of what a run has measured, found by asking it for the history of each metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rl.record.runs.directory import RunDirectory
from rl.record.time_left import phase
from rl.record.tracking.points import Point, measured_lines, points_of
from rl.record.tracking.sending import POINTS_AT_ONCE, Target, send_points

_PARTS = 32
"""Parts of a pass, by which progress is shown: as many as the pace is taken from, so that a history's time is in it too."""
HELD = 500_000
"""Points of MLflow's that are held in memory at once. The run's lines are read once for each so many."""


def send_missing_points(target: Target, directory: RunDirectory) -> int:
    """Send all points that MLflow lacks, and return how many.

    A point is known by its metric, its step and the time when it was measured. So a step that was done again is sent again:
    MLflow cannot take a value back, and has the one of the last time as the latest.
    """
    sent, waiting = 0, list[Point]()
    for point in _missing(target, directory):
        waiting.append(point)
        if len(waiting) == POINTS_AT_ONCE:
            send_points(target, waiting)
            sent, waiting = sent + len(waiting), []
    send_points(target, waiting)
    return sent + len(waiting)


def _missing(target: Target, directory: RunDirectory) -> Iterator[Point]:
    lines, names, all_timed = 0, dict[str, None](), True
    for line in measured_lines(directory):
        lines += 1
        for point in points_of(line):
            names[point.name] = None
            all_timed &= point.milliseconds is not None
    there = target.client.get_run(target.run_id).data.metrics
    known = [name for name in names if target.names(name) in there]
    passes = [*_groups(known, max(1, HELD // max(lines, 1)))] or [[]]
    with phase("MLflow: parts of the values", _PARTS * len(passes)) as shown:
        for number, group in enumerate(passes):
            held = {name: _held(target, name, all_timed) for name in group}
            if number == 0:
                held |= {name: set() for name in names if name not in held and name not in known}
            for place, line in enumerate(measured_lines(directory)):
                for point in points_of(line):
                    has = held.get(point.name)
                    if has is not None and (point.step, point.milliseconds) not in has and target.is_finite(point):
                        yield point
                for _ in range(_PARTS * place // lines, _PARTS * (place + 1) // lines):
                    shown.step()


def _held(target: Target, name: str, all_timed: bool) -> set[tuple[int, int | None]]:
    """Steps and times of what MLflow has of a metric; the steps alone as well if not all of our lines know their time."""
    history = target.client.get_metric_history(target.run_id, target.names(name))
    timed: set[tuple[int, int | None]] = {(point.step, point.timestamp) for point in history}
    return timed if all_timed else timed | {(point.step, None) for point in history}


def _groups(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for begin in range(0, len(names), size):
        yield names[begin : begin + size]
