"""Rows that have been measured, made by hand."""

from __future__ import annotations

from typing import Any

from rl.evaluation.scoring import RowScore


def row(task: str, score: float, source: str = "s", clip: str = "", number: int = 0, **other: Any) -> RowScore:
    name = f"{task}/{source}/{number}"
    scores = {"score": score, **other.pop("scores", {})}
    return RowScore(name, clip or name, task, source, other.pop("arm", "asked"), scores, **other)


def rows(task: str, scores: list[float], source: str = "s", **other: Any) -> list[RowScore]:
    return [row(task, score, source, number=number, **other) for number, score in enumerate(scores)]
