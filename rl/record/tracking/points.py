"""What a run has measured, as MLflow has it: points of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from rl.record.runs.directory import RunDirectory
from rl.record.runs.metrics_file import MetricsFile


class Point(NamedTuple):
    """A value of a metric. MLflow keeps what is equal in all of this once."""

    name: str
    """Ours; MLflow's may differ (`names.py`)."""
    step: int
    milliseconds: int | None
    """When it was measured, since 1970; None in lines that do not say so."""
    value: float


def points_of(line: Mapping[str, Any]) -> Iterator[Point]:
    """All values of a line of metrics.jsonl or evaluations.jsonl, also those that are not finite. A stage that was measured on
    the held-out rows is `test/STAGE/…` at step 0."""
    of_stage = line.get("phase") == "evaluate"
    prefix, step = (f"test/{line.get('stage')}/", 0) if of_stage else ("", line.get("step", 0))
    time = line.get("time")
    milliseconds = round(time * 1000) if isinstance(time, (int, float)) else None
    for name, value in line["metrics"].items():
        yield Point(prefix + name, step, milliseconds, float(value))


def measured_lines(directory: RunDirectory) -> Iterator[dict[str, Any]]:
    """All lines that a run has measured, those of `affectree eval` last."""
    return chain(directory.metrics.lines(), evaluations_of(directory).lines())


def evaluations_of(directory: RunDirectory) -> MetricsFile:
    """What `affectree eval` has measured of a run's model, a line for each time."""
    return MetricsFile(directory.path / "evaluations.jsonl")


class Finite:
    """Lets finite points through; of each other name it says once that it has some that are not."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        """
        Args:
            warn: prints the line.
        """
        self._warn = warn
        self._told: set[str] = set()

    def __call__(self, point: Point) -> bool:
        """Whether MLflow takes the value of a point: it keeps infinity as a large number, and shows NaN as 0."""
        if not math.isfinite(point.value) and point.name not in self._told:
            self._told.add(point.name)
            self._warn(f"{point.name} is {point.value} at step {point.step}: MLflow is told finite values only")
        return math.isfinite(point.value)
