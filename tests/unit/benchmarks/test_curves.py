"""Curves are measured point by point, and go on where they were interrupted."""

from pathlib import Path

import pytest

from benchmarks import curves
from benchmarks.common.speedup_curves import Point


def test_points_that_stand_in_the_file_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def measure(x: int) -> Point:
        asked.append(x)
        if x == 4 and asked.count(4) == 1:
            raise KeyboardInterrupt
        return Point(x, 2.0 * x, 3.0 * x, 0.1)

    monkeypatch.setattr(curves, "CURVES", {"one": curves.Curve("x", "y", (1, 2, 4), measure)})
    file = tmp_path / "runs" / "points.jsonl"
    with pytest.raises(KeyboardInterrupt):
        curves.measure(["one"], file)
    curves.measure(["one"], file)
    assert asked == [1, 2, 4, 4]
    (panel,) = curves.panels(curves.measured(file))
    assert [(point.x, point.y, point.bound) for point in panel.points] == [(1, 2.0, 3.0), (2, 4.0, 6.0), (4, 8.0, 12.0)]
