"""What a run measured at an end that it has gone on from: kept beside what it measures at its new end."""

from __future__ import annotations

import json

from rl.record.checks import BY_STAGE
from rl.record.files import write_atomically
from rl.record.runs.directory import RunDirectory

_AT_THE_END = ("grpo", "reasoned")


def keep_earlier(directory: RunDirectory, steps: int) -> None:
    """Give the evaluations of a run's end the name of its steps, such as `grpo_30`, in summary.json and metrics.jsonl."""
    names = {stage: f"{stage}_{steps}" for stage in _AT_THE_END}
    lines = [
        {**line, "stage": names.get(line["stage"], line["stage"])} if line.get("phase") == "evaluate" else line
        for line in directory.metrics.read()
    ]
    write_atomically(directory.metrics.path, "".join(json.dumps(line) + "\n" for line in lines))
    summary = directory.summary()
    for table in BY_STAGE:
        summary[table] = {names.get(stage, stage): found for stage, found in summary[table].items()}
    write_atomically(directory.summary_file, json.dumps(summary, indent=1))
