"""The data set's columns, as trainers pass them to reward functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rewards.sample import RewardSample


def ground_truth(sample: RewardSample) -> str | None:
    """The sample's ground truth: its answer, or its tree where it has none."""
    return sample.answer if sample.answer is not None else sample.tree


def columns_of(samples: Sequence[RewardSample]) -> dict[str, list[Any]]:
    """One list for each column.

    A sample's own fields (`task`, `answer`, `answers`, `tree`, `options`) are columns too, and `solution` is the ground truth
    unless the data set has a column of that name.
    """
    rows: list[dict[str, Any]] = [
        {
            "task": sample.task,
            "answer": sample.answer,
            "answers": list(sample.answers),
            "tree": sample.tree,
            "options": list(sample.options),
            "solution": ground_truth(sample),
            **sample.columns,
        }
        for sample in samples
    ]
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}


def messages(role: str, text: str) -> list[dict[str, str]]:
    """A turn in a conversation of its own."""
    return [{"role": role, "content": text}]
