"""One row of a data set, as everything else takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rewards.errors import UserError
from rollout.media.medium import Medium

Role = Literal["system", "user", "assistant"]
COLUMNS = ("messages", "system", "videos", "images", "source", "task", "answer", "tree", "covers", "options")
"""The columns that mean something here (docs/data.md); all others reach scorers as they are."""
NOTES = "affectree:notes"
"""The column under which a format that ships hands on `Row.notes`."""
MEDIA_TAG = re.compile("<(video|image)>")
"""Where the text of a system or user turn has a video or an image."""


class RowError(UserError):
    """A row that cannot be used; the message names file, row and key, what was found and what to do."""


@dataclass(frozen=True)
class Turn:
    """A turn of a conversation."""

    role: Role
    text: str
    """A user turn's text has a `<video>` or `<image>` tag for each of its videos and images."""


@dataclass(frozen=True)
class Row:
    """One question about clips or images, with what is known to be true of it."""

    index: int
    """Position in its file, from 0."""
    question: str
    """The last user turn with its `<video>` and `<image>` tags."""
    media: tuple[Medium, ...]
    """Its videos and images, in the order of the tags of all turns."""
    task: str
    """What kind of question it is; mixes, scorers and evaluations choose rows by it."""
    source: str = ""
    """The data set that it comes from; empty where the file names none."""
    answer: str | None = None
    """The right answer: a label, comma-separated labels, an option letter or a phrase."""
    answers: tuple[str, ...] = ()
    """The right labels, where the file lists them; `answer` is then these, joined by commas."""
    tree: str | None = None
    """The gold affective tree as text."""
    covers: Mapping[str, Any] | None = None
    """What the gold tree covers (`rewards.tree.coverage`); None for what is in it."""
    reference: str | None = None
    """The last assistant turn: what supervised tuning imitates."""
    context: tuple[Turn, ...] = ()
    """The turns before the user's last one, in order: system, user and assistant turns that the model is shown."""
    options: tuple[str, ...] = ()
    """The choices of a closed question, in order."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Every other column, for scorers that want it."""
    notes: tuple[str, ...] = ()
    """What is worth telling about it, though it can be used: one clause each, the same for all rows that it is true of, so that
    whoever reads all rows can count them and say `12 rows: …`."""
