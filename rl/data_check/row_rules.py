"""What is wrong with a single row that can be read: nothing to imitate, nothing that is right, an answer that cannot be."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rewards.sample import RewardSample
from rl.data_check.finding import Finding
from rl.data_check.gold import missing_gold
from rl.data_check.labels import label_finding
from rl.data_check.uses import Use
from rollout.rows.row import Row

_TURN = 'end `messages` with {"role": "assistant", "content": …}'


def row_findings(row: Row, sample: RewardSample, uses: Collection[Use] | None) -> Iterator[Finding]:
    """Everything that a row shows by itself.

    Args:
        row: the row.
        sample: what scorers see of it.
        uses: what the run does with it; None where it is not known which run.
    """
    for note in row.notes:
        yield Finding("warning", "messages", note, "look whether it was meant so")
    imitated = uses is not None and "tune" in uses
    if row.reference is None and imitated:
        fix = f"{_TURN}, or take it out of the stages' mixes"
        yield Finding("error", "messages", "no assistant turn, and a stage tunes on it", fix)
    elif finding := missing_gold(row):
        yield finding
    elif row.reference is None and uses is None:
        yield Finding("warning", "messages", "no assistant turn, so that it cannot be tuned on", f"{_TURN} where it should")
    if row.task == "rationale" and row.tree is None and row.answer is None and row.reference is not None:
        reason = "a rationale without a `tree` and an `answer`, so that nothing can be compared with it"
        yield Finding("warning", "tree", reason, "give it a tree (`affectree data trees` writes them), or an `answer`")
    if finding := label_finding(sample):
        yield finding
