"""What is worth telling about a row that can be used, though perhaps not as it was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rollout.media.medium import IMAGE_SUFFIXES
from rollout.rows.conversation import RawTurn
from rollout.rows.placing import Placed
from rollout.rows.row import COLUMNS, NOTES

REWRITTEN = "hold <video>, <image> or a special token such as <|im_end|> as prose, which is rewritten with a blank, as < video>"
FOREIGN = "hold what may be the place of a video or image elsewhere, such as <VIDEO>, and is prose here; write <video> or <image>"
UNWANTED = "have `label: false`, by which a reply is marked as wrong, and which is not read: their replies count as right"
GOLD_COLUMNS = ("solution", "ground_truth", "label", "labels", "gold", "target", "response", "output")
"""What other data sets call the right answer."""
_UNUSED = ("audios", "audio", "tools")
_FOREIGN = re.compile(r"<(?!(?:video|image)>)(?i:/?(?:video|image|img|audio)[\w ]{0,20}|(?:frame|face|feature)here)>")
_VIDEO_SUFFIXES = {".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}


def remarks(columns: Mapping[str, Any], turns: Sequence[RawTurn], placed: Placed, gold: bool) -> Iterator[str]:
    """Clauses of which each is the same for all rows that it is true of.

    Args:
        columns: the row's.
        turns: its conversation, as it has it.
        placed: its conversation with its media.
        gold: whether it is known what is right.
    """
    notes = columns.get(NOTES)
    yield from notes if isinstance(notes, tuple) else ()  # a format's; what a file has under this name is a list or a text
    if placed.rewritten:
        yield REWRITTEN
    if any(turn.role == "user" and _FOREIGN.search(turn.text) for turn in placed.turns):
        yield FOREIGN
    yield from (f"have `{name}`, which are not used" for name in _UNUSED if columns.get(name))
    if unread := dict.fromkeys(key for turn in turns for key in turn.unread):
        yield f"have turns with {', '.join(f'`{key}`' for key in unread)}, which is not read"
    if columns.get("label") is False and turns[-1].role == "assistant":
        yield UNWANTED
    if not placed.media and (name := next((name for name in columns if name not in COLUMNS and _names_media(columns[name])), "")):
        yield f"show no video or image, but a column `{name}` names one: data.columns={{videos: {name}}} (or images) shows it"
    if not gold and (name := next((name for name in GOLD_COLUMNS if columns.get(name) not in (None, "", [])), "")):
        yield f"have no `answer`, but a column `{name}`: data.columns={{answer: {name}}} makes it gold"


def _names_media(value: Any) -> bool:
    """Whether a value is what names a video or an image, or a list of such."""
    if isinstance(value, (list, tuple)):
        return bool(value) and _names_media(value[0])
    if isinstance(value, Mapping):
        return bool(value.get("bytes"))
    return isinstance(value, str) and len(value) < 1000 and Path(value).suffix.lower() in IMAGE_SUFFIXES | _VIDEO_SUFFIXES
