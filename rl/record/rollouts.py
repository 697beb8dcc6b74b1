"""Per-step rollouts on disk: one parquet file a step, one row a sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rollout.samples import TrainingGroup


def write_rollouts(path: Path, step: int, groups: Sequence[TrainingGroup]) -> None:
    """Write a step's samples with prompts, completions, log-probs, rewards, parts and advantages."""
    rows = []
    for group in groups:
        row = group.prompt.row
        for place, (sample, reward, advantage) in enumerate(zip(group.samples, group.rewards, group.advantages, strict=True)):
            rows.append(
                {
                    "step": step,
                    "prompt_key": group.prompt.key,
                    "sample": place,
                    "task": row.task,
                    "source": row.source,
                    "prompt": row.question,
                    "media": [medium.path for medium in row.media],
                    "completion": sample.text,
                    "completion_ids": sample.ids.tolist(),
                    "log_probs": sample.log_probs.tolist(),
                    "finish_reason": sample.finish_reason,
                    "version": sample.version,
                    "versions": [[span.version, span.tokens] for span in sample.versions],
                    "path": list(sample.path),
                    "ends": list(sample.ends),
                    "answer": row.answer,
                    "answers": list(row.answers),
                    "tree": row.tree,
                    "covers": json.dumps(row.covers) if row.covers else None,
                    "options": list(row.options),
                    "reward": reward.value,
                    "parts": json.dumps(dict(reward.parts)),
                    "levels": json.dumps(dict(reward.levels)),
                    "errors": json.dumps(dict(reward.errors)),
                    "observer_errors": json.dumps(dict(reward.observer_errors)),
                    "abstained": reward.abstained,
                    "advantage": advantage,
                    "columns": json.dumps(dict(row.columns), default=str),
                }
            )
    aside = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_pylist(rows), aside, compression="zstd")
    aside.replace(path)
