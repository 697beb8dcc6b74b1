"""Samples as MLflow traces, which its page shows with their rewards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewards.tools.rollout_columns import media_of
from rl.record.rollouts import RolloutsError
from rollout.samples import TrainingGroup

_COLUMNS = ("sample", "task", "prompt", "media", "completion", "version", "answer", "tree", "reward", "parts", "advantage")


@dataclass(frozen=True)
class Traced:
    """What is shown of a sample."""

    group: int
    """The group's place in its step, from 0."""
    task: str
    prompt: str
    media: tuple[str, ...]
    gold: str | None
    completion: str
    version: int
    advantage: float | None
    reward: float | None
    parts: Mapping[str, float | None]


def traced_of_groups(groups: Sequence[TrainingGroup]) -> list[Traced]:
    """The first sample of each group."""
    return [_of_group(place, group) for place, group in enumerate(groups)]


def traced_of_file(path: Path, groups: int) -> list[Traced]:
    """The first sample of the first so many groups of a step's rollouts file. Raises `RolloutsError` if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path, columns=list(_COLUMNS)).to_pylist()
        firsts = [row for row in rows if row["sample"] == 0]
        return [_of_row(place, row) for place, row in enumerate(firsts[:groups])]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise RolloutsError(f"{path}: holds no samples that can be traced ({str(error).splitlines()[0]})") from error


def log_trace(traced: Traced, step: int, milliseconds: int | None, run_id: str, experiment_id: str) -> None:
    """Log a sample as a trace, with its reward and the reward's parts as feedback, all at once. MLflow's client must have been
    given its server (`server.py`); whether it failed is not told.

    Args:
        traced: the sample.
        step: the step's number.
        milliseconds: when the step was measured, since 1970; None for now.
        run_id: the MLflow run that the trace belongs to.
        experiment_id: its experiment.
    """
    import mlflow
    from mlflow.tracing.provider import safe_set_span_in_context

    time = None if milliseconds is None else milliseconds * 1_000_000
    span = mlflow.start_span_no_context(
        name="rollout",
        inputs={"prompt": traced.prompt, "media": list(traced.media), "gold": traced.gold},
        attributes={"step": step, "version": traced.version, "task": traced.task, "advantage": traced.advantage},  # type: ignore[dict-item]
        tags={"affectree.step": str(step), "affectree.group": str(traced.group), "affectree.task": traced.task},
        metadata={"mlflow.sourceRun": run_id},
        experiment_id=experiment_id,
        start_time_ns=time,
    )
    with safe_set_span_in_context(span):  # feedback on the trace at hand is sent with it
        for name, value in {"reward": traced.reward, **traced.parts}.items():
            if value is not None:
                mlflow.log_feedback(trace_id=span.trace_id, name=name, value=float(value))
    span.set_outputs({"completion": traced.completion, "reward": traced.reward})
    span.end(end_time_ns=time)


def _of_group(place: int, group: TrainingGroup) -> Traced:
    row, sample, reward = group.prompt.row, group.samples[0], group.rewards[0]
    return Traced(
        place,
        row.task,
        row.question,
        tuple(medium.path for medium in row.media),
        row.tree or row.answer,
        sample.text,
        sample.version,
        group.advantages[0],
        reward.value,
        reward.parts,
    )


def _of_row(place: int, row: Mapping[str, Any]) -> Traced:
    return Traced(
        place,
        row["task"],
        row["prompt"],
        tuple(medium.path for medium in media_of(row["media"])),
        row["tree"] or row["answer"],
        row["completion"],
        row["version"],
        row["advantage"],
        row["reward"],
        json.loads(row["parts"]),
    )
