"""The row that teaches a tree, made of the row whose rationale in words it was read from."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from rollout.media.medium import KINDS, Medium
from rollout.rows.row import Row
from rollout.rows.trees import GoldTree

TREE_TASK = "rationale"
"""The task of rows whose answers are trees."""
TREE_QUESTION = (
    "As an expert in the field of emotions, please describe the people in the video as an affective tree: attributes, the "
    "expressions that rest on them, and the emotions that rest on those. Then predict the emotion."
)
"""What such a row asks. The paper's own prompts ask for words (its figure 25)."""
ORIGINAL = "original"
"""The column that keeps what the row was before."""


def tree_row(row: Row, gold: GoldTree, media_root: Path, origin: tuple[Path, int]) -> dict[str, Any]:
    """The columns of a row that teaches a tree; docs/data.md describes them.

    Args:
        row: the row with the rationale in words. Its other columns are kept.
        gold: the tree that was read of it.
        media_root: folder that paths of media are to start from.
        origin: the file that the row is from, and its number there.
    """
    tags = "".join(f"<{medium.kind}>" for medium in row.media)
    turns = [*((turn.role, turn.text) for turn in row.context), ("user", row.question), ("assistant", row.reference or "")]
    asked, told = {"role": "user", "content": tags + TREE_QUESTION}, {"role": "assistant", "content": gold.text}
    return {
        **row.columns,
        "messages": [asked, told],
        **{f"{kind}s": [_named(medium, media_root) for medium in row.media if medium.kind == kind] for kind in KINDS},
        "task": TREE_TASK,
        "source": row.source,
        "answer": gold.answer,
        "tree": gold.text,
        "covers": None if gold.complete else {"persons": gold.people},
        ORIGINAL: {
            "file": str(origin[0]),
            "row": origin[1],
            "task": row.task,
            "answer": row.answer,
            "messages": [{"role": role, "content": text} for role, text in turns],
        },
    }


def _named(medium: Medium, media_root: Path) -> Any:
    """A medium as `rollout/rows/media_columns.py` reads it."""
    frames = [_relative(frame, media_root) for frame in medium.frames]
    part = {key: second for key, second in (("start", medium.start), ("end", medium.end)) if second is not None}
    if medium.content:
        return {"path": medium.path, "bytes": base64.b64encode(medium.content).decode("ascii"), **part}
    named = frames or _relative(medium.path, media_root)
    return {"path": named, **part} if part else named


def _relative(path: str, media_root: Path) -> str:
    return os.path.relpath(path, media_root)
