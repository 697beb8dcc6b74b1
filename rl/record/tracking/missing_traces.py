"""Traces that MLflow lacks of a run's samples, found by asking it for all that the run has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rl.record.runs.directory import RunDirectory
from rl.record.time_left import phase
from rl.record.tracking.points import points_of
from rl.record.tracking.sending import Target
from rl.record.tracking.traces import log_trace, traced_of_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAGE, _AT_ONCE = 500, 100
"""Traces that MLflow lists, and links or deletes, in one call."""


class Found(NamedTuple):
    """A trace that MLflow has of a run."""

    trace_id: str
    group: int
    milliseconds: int


class NotTaken(Exception):
    """MLflow has not kept traces that it was sent."""


def send_missing_traces(target: Target, directory: RunDirectory, groups: int, former: Sequence[str]) -> int:
    """Log what MLflow lacks of the first samples of the first groups of each step, and return how many traces it got.

    A trace is known by its step, its group and the time of the step. That of a step that was done again takes the place of the
    one before. Traces that MLflow has kept of deleted runs are shown with the present one.

    Args:
        target: the run.
        directory: its folder.
        groups: so many groups of each step are traced.
        former: ids of deleted MLflow runs that the folder had before, in the same experiment.
    """
    if not groups or not (times := _times(directory)):
        return 0
    there = _traces_of(target.client, target.run_id, target.experiment_id)
    replaced = [one for step, time in times.items() for one in there[step] if time not in (None, one.milliseconds)]
    have = {step: {one.group for one in there[step] if time in (None, one.milliseconds)} for step, time in times.items()}
    _link_former(target, former, times, have)
    sent = []
    with phase("MLflow: steps with traces", len(times)) as shown:
        for step, time in times.items():
            if not have[step].issuperset(range(groups)):
                for traced in traced_of_file(directory.rollouts / f"step_{step}.parquet", groups):
                    if traced.group not in have[step]:
                        log_trace(traced, step, time, target.run_id, target.experiment_id)
                        sent.append((step, traced.group))
            shown.step()
    if sent:
        there = _traces_of(target.client, target.run_id, target.experiment_id)
        if lost := [step for step, group in sent if not any(one.group == group for one in there[step])]:
            raise NotTaken(f"{len(lost)} of {len(sent)} traces were not kept, such as one of step {lost[0]}")
    for ids in _batches([one.trace_id for one in replaced]):
        target.client.delete_traces(target.experiment_id, trace_ids=ids)
    return len(sent)


def _times(directory: RunDirectory) -> dict[int, int | None]:
    """The steps whose samples the folder has, with the time of each."""
    found: dict[int, int | None] = {}
    for line in directory.metrics.lines():
        if line.get("phase") == "grpo" and (directory.rollouts / f"step_{line['step']}.parquet").is_file():
            found[line["step"]] = next((point.milliseconds for point in points_of(line)), None)
    return found


def _traces_of(client: MlflowClient, run_id: str, experiment_id: str) -> dict[int, list[Found]]:
    """Step -> the traces that a run has of it."""
    found: dict[int, list[Found]] = defaultdict(list)
    for info in _listed(client, run_id, experiment_id):
        if (step := info.tags.get("affectree.step")) is not None:
            of_step = found[int(step)]
            group = int(info.tags.get("affectree.group", len(of_step)))
            of_step.append(Found(info.trace_id, group, info.request_time))
    return found


def _listed(client: MlflowClient, run_id: str, experiment_id: str) -> Iterator[Any]:
    page = None
    while True:
        traces = client.search_traces(
            locations=[experiment_id],
            run_id=run_id,
            include_spans=False,
            max_results=_PAGE,
            order_by=["timestamp_ms ASC"],
            page_token=page,
        )
        yield from (trace.info for trace in traces)
        if not (page := traces.token):
            return


def _link_former(target: Target, former: Sequence[str], times: Mapping[int, int | None], have: Mapping[int, set[int]]) -> None:
    """Show traces of deleted runs with the present one where it lacks them, and count them among those that it has."""
    for run_id in former:
        of_former, ids = _traces_of(target.client, run_id, target.experiment_id), list[str]()
        for step, time in times.items():
            for one in of_former[step]:
                if time in (None, one.milliseconds) and one.group not in have[step]:
                    ids.append(one.trace_id)
                    have[step].add(one.group)
        for batch in _batches(ids):
            target.client.link_traces_to_run(batch, target.run_id)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(ids), _AT_ONCE):
        yield list(ids[begin : begin + _AT_ONCE])
