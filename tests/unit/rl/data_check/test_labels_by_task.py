"""Counts of labels stay bounded."""

from __future__ import annotations

from collections import Counter

from rl.data_check.labels_by_task import OTHERS, Labels


def test_labels_beyond_a_bound_are_counted_together() -> None:
    labels = Labels()
    labels.add("qa", Counter({f"label {number}": 1 for number in range(2500)}))
    labels.add("qa", Counter({"label 0": 2, "another": 3}))
    counts = labels.by_task["qa"]
    assert counts["label 0"] == 3
    assert counts[OTHERS] == 2500 - 2000 + 3
    assert sum(counts.values()) == 2505
