"""Parameters, tags and points on their way into one MLflow run, as many at once as it takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rl.record.tracking.names import LONGEST_PARAMETER, LONGEST_TAG, Names, shortened
from rl.record.tracking.points import Finite, Point

if TYPE_CHECKING:
    from mlflow import MlflowClient

POINTS_AT_ONCE, ENTRIES_AT_ONCE = 1000, 100
"""The most points, and the most parameters or tags, that MLflow takes in one call."""
_WHOLE_IN = "config.yaml"


@dataclass(frozen=True)
class Target:
    """The MLflow run that is written to."""

    client: MlflowClient
    run_id: str
    experiment_id: str
    names: Names
    is_finite: Finite


def send_points(target: Target, points: Sequence[Point]) -> None:
    """Send points. Those that do not say when they were measured get the present time."""
    from mlflow.entities import Metric

    now = round(time.time() * 1000)
    for begin in range(0, len(points), POINTS_AT_ONCE):
        batch = points[begin : begin + POINTS_AT_ONCE]
        times = [now if point.milliseconds is None else point.milliseconds for point in batch]
        metrics = [Metric(target.names(one.name), one.value, at, one.step) for one, at in zip(batch, times, strict=True)]
        target.client.log_batch(target.run_id, metrics=metrics)


def send_settings(target: Target, parameters: Mapping[str, Any], tags: Mapping[str, Any]) -> tuple[int, int]:
    """Send parameters that the run does not have, and tags that it has not with this value. A parameter that it has stays what it
    is. Returns how many of each were sent."""
    from mlflow.entities import Param, RunTag

    there = target.client.get_run(target.run_id).data
    named = {target.names(name): shortened(str(value), LONGEST_PARAMETER, _WHOLE_IN) for name, value in parameters.items()}
    tagged = {target.names(name): shortened(str(value), LONGEST_TAG, _WHOLE_IN) for name, value in tags.items()}
    lacking = [Param(key, value) for key, value in named.items() if key not in there.params]
    differing = [RunTag(key, value) for key, value in tagged.items() if there.tags.get(key) != value]
    for begin in range(0, len(lacking), ENTRIES_AT_ONCE):
        target.client.log_batch(target.run_id, params=lacking[begin : begin + ENTRIES_AT_ONCE])
    for begin in range(0, len(differing), ENTRIES_AT_ONCE):
        target.client.log_batch(target.run_id, tags=differing[begin : begin + ENTRIES_AT_ONCE])
    return len(lacking), len(differing)
