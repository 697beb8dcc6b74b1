"""How often each label is right, by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

_MOST_LABELS = 2000
"""Labels of a task that are told apart; the others are counted together."""
OTHERS = "(others)"
"""Stands for the labels that are not told apart."""


class Labels:
    """How often each label is the gold answer, by task; bounded, however many labels there are."""

    def __init__(self) -> None:
        self.by_task: dict[str, Counter[str]] = {}

    def add(self, task: str, counts: Mapping[str, int]) -> None:
        """Count labels of a task."""
        found = self.by_task.setdefault(task, Counter())
        for label, count in counts.items():
            found[label if label in found or len(found) < _MOST_LABELS else OTHERS] += count
