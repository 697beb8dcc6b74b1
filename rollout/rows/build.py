"""A row of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rollout.media.medium import KINDS
from rollout.rows.conversation import turns_of, with_system
from rollout.rows.media_columns import media_of
from rollout.rows.placing import Placed, place_media
from rollout.rows.remarks import remarks
from rollout.rows.row import COLUMNS, NOTES, Row, RowError, Turn
from rollout.rows.values import answer_of, check_characters, covers_of, name_of, options_of, text_of, tree_of

UNNAMED_TASK = "qa"
"""The task of rows that name none."""
_STAND_INS = ("<bbox>", "<ref-object>")
"""What ms-swift fills in from a column `objects`."""
_MEDIA = ("video", "image")
"""Columns of one video or image, which are media as `videos` and `images` are."""


def build_row(columns: Mapping[str, Any], index: int, where: str, media_root: Path, task: str = UNNAMED_TASK) -> Row:
    """A row of its columns.

    Args:
        columns: those of docs/data.md, as the row's format returns them.
        index: the row's position.
        where: the file and the row, for errors.
        media_root: folder that relative paths of media start from.
        task: the row's task where it names none.

    Raises:
        RowError: if a column holds what it must not, there is no user turn, or the text asks for other videos or images than
            the row has.
    """
    check_characters(columns, where)
    turns = with_system(turns_of(columns.get("messages"), where), text_of(columns, "system", where))
    given = {kind: media_of(columns, kind, where, media_root) for kind in KINDS}
    placed = place_media(turns, given, where, media_root)
    _refuse_stand_ins(columns, placed, where)
    context, question, reference = _last_question(placed, where)
    task = text_of(columns, "task", where) or task
    answer, answers = answer_of(columns, reference, task, where)
    tree = tree_of(columns, where)
    return Row(
        index=index,
        question=question,
        media=placed.media,
        task=task,
        source=name_of(columns, "source", where) or "",
        answer=answer,
        answers=answers,
        tree=tree,
        covers=covers_of(columns, where),
        reference=reference,
        context=context,
        options=options_of(columns, where),
        columns={key: value for key, value in columns.items() if key not in (*COLUMNS, *_MEDIA, NOTES)},
        notes=tuple(remarks(columns, turns, placed, gold=answer is not None or tree is not None)),
    )


def _last_question(placed: Placed, where: str) -> tuple[tuple[Turn, ...], str, str | None]:
    """The turns before the user's last one, that one's text, and the assistant's turn after it."""
    turns = placed.turns
    last = max(place for place, turn in enumerate(turns) if turn.role == "user")
    if not turns[last].text.strip():
        raise RowError(f"{where}, key `messages`: the last user turn is empty; write the question, or remove the row")
    reply = turns[last + 1].text if last + 1 < len(turns) else None
    return turns[:last], turns[last].text, reply or None


def _refuse_stand_ins(columns: Mapping[str, Any], placed: Placed, where: str) -> None:
    """A model would learn to write the stand-in."""
    found = next((mark for mark in _STAND_INS if any(mark in turn.text for turn in placed.turns)), None)
    if found and columns.get("objects"):
        raise RowError(
            f"{where}, key `objects`: is not read, and {found} in the text stands for it; write its values into the text"
        )
