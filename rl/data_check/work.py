"""What worker processes do, and what they keep between calls."""

from __future__ import annotations

import pickle
from pathlib import Path

from rl.data_check.batch import Batch, BatchReport, RowLooker

_lookers: dict[Path, RowLooker] = {}
"""This process's looker for each question."""


def batch_report(batch: Batch) -> BatchReport:
    """Look at a batch of rows."""
    if batch.question not in _lookers:
        _lookers[batch.question] = RowLooker(pickle.loads(batch.question.read_bytes()))
    return _lookers[batch.question].look(batch)


def forget(question: Path) -> None:
    """End what this process has started for a question, if it has."""
    if looker := _lookers.pop(question, None):
        looker.close()
