"""Samples of a step as MLflow traces, which its page shows with their rewards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rollout.samples import TrainingGroup


def log_traces(groups: Sequence[TrainingGroup], step: int, run_id: str, experiment_id: str) -> None:
    """Log each group's first sample as a trace, with its reward and the reward's parts as feedback.

    Args:
        groups: scored, with their advantages.
        step: the step's number.
        run_id: the MLflow run that the traces belong to.
        experiment_id: its experiment.
    """
    import mlflow

    for group in groups:
        row, sample, reward = group.prompt.row, group.samples[0], group.rewards[0]
        attributes: dict[str, Any] = {
            "step": step,
            "version": sample.version,
            "task": row.task,
            "advantage": group.advantages[0],
        }
        span = mlflow.start_span_no_context(
            name="rollout",
            inputs={"prompt": row.question, "media": [medium.path for medium in row.media], "gold": row.tree or row.answer},
            attributes=attributes,
            tags={"affectree.step": str(step), "affectree.task": row.task},
            metadata={"mlflow.sourceRun": run_id},
            experiment_id=experiment_id,
        )
        span.set_outputs({"completion": sample.text, "reward": reward.value})
        span.end()
        for name, value in {"reward": reward.value, **reward.parts}.items():
            if value is not None:
                mlflow.log_feedback(trace_id=span.trace_id, name=name, value=float(value))
