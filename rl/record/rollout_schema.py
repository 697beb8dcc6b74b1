"""What a file of rollouts holds: one parquet file a step, one row a sample, whole groups in the order in which they were used.

Ids are int32 and log-probs float32, as exact as they were; what the samples of a group share costs little, since parquet keeps
equal values once. Of a prompt's tokens only a digest is kept: they are made again from the row.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa

from rollout.media.medium import Medium
from rollout.prompts import EncodedPrompt
from rollout.rows.row import Row

_MEDIUM = pa.struct(
    [
        ("kind", pa.string()),
        ("path", pa.string()),
        ("frames", pa.list_(pa.string())),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("max_frames", pa.int32()),
        ("max_pixels", pa.int64()),
        ("held", pa.bool_()),  # the row of the data set holds its content
    ]
)
_OF_PROMPT = [
    ("step", pa.int64()),
    ("prompt_key", pa.string()),  # stepS-P, or stepS again R-P for one that replaced a group in round R (grpo.resample)
    ("row", pa.int64()),  # place among all rows of the training data, those that cannot be used included
    ("row_digest", pa.string()),  # of what is asked; see `row_digest`
    ("prompt_digest", pa.string()),  # of the prompt's tokens and positions
    ("learned_version", pa.int64()),  # of the weights that learned from the step
    ("task", pa.string()),
    ("source", pa.string()),
    ("prompt", pa.string()),
    ("media", pa.list_(_MEDIUM)),
    ("answer", pa.string()),
    ("answers", pa.list_(pa.string())),
    ("tree", pa.string()),
    ("covers", pa.string()),  # JSON, as are `columns`, `parts`, `levels`, `errors` and `observer_errors`
    ("options", pa.list_(pa.string())),
    ("columns", pa.string()),  # all other columns of the data set's row, whatever their names
]
_OF_SAMPLE = [
    ("sample", pa.int32()),
    ("completion", pa.string()),
    ("completion_ids", pa.list_(pa.int32())),
    ("log_probs", pa.list_(pa.float32())),
    ("finish_reason", pa.string()),
    ("version", pa.int64()),  # the oldest of `versions`
    ("versions", pa.list_(pa.list_(pa.int64()))),  # (version, tokens) of successive spans
    ("path", pa.list_(pa.int32())),
    ("ends", pa.list_(pa.int32())),
    ("reward", pa.float64()),  # null for none: failed, abstained, or drawn by weights that were too old
    ("parts", pa.string()),
    ("levels", pa.string()),
    ("rest", pa.float64()),
    ("errors", pa.string()),
    ("observer_errors", pa.string()),
    ("abstained", pa.bool_()),
    ("advantage", pa.float64()),  # null for a sample that nothing was learned from
]
SCHEMA = pa.schema([*_OF_PROMPT, *_OF_SAMPLE])
"""The columns with their types. What each holds is what the types of `rollout/samples.py` and `rewards/sample.py` say."""


def row_digest(row: Row) -> str:
    """A digest of what a row asks: its turns and its media, wherever these lie. Gold and other columns are no part of it, so that
    they can be mended."""
    turns = [[turn.role, turn.text] for turn in row.context]
    return _digest(json.dumps([row.question, turns, list(map(_identity, row.media))]).encode())


def prompt_digest(prompt: EncodedPrompt) -> str:
    """A digest of a prompt's tokens and their positions."""
    return _digest(prompt.ids.tobytes() + prompt.positions.tobytes())


def _identity(medium: Medium) -> list[object]:
    names = [Path(path).name for path in (medium.path, *medium.frames)]
    content = _digest(medium.content) if medium.content else ""
    return [medium.kind, names, medium.start, medium.end, medium.max_frames, medium.max_pixels, content]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
