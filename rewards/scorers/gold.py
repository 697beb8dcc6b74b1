"""Whether a row has what a shipped scorer compares completions with."""

from __future__ import annotations

from rewards import scorers
from rewards.sample import RewardSample


def has_gold(scorer: str, row: RewardSample) -> bool:
    """Whether a shipped scorer applies to completions of a row: one that needs no gold applies to all.

    Args:
        scorer: one of `rewards.scorers.__all__`.
        row: what is known of the row, with nothing written yet.
    """
    match scorer:
        case "caption":
            return row.answer is not None
        case "caption_tree":
            return row.tree is not None or row.answer is not None
        case "tree_edit":  # which would be compiled for it
            return row.judged is not None
        case _:
            return getattr(scorers, scorer)(row) is not None
