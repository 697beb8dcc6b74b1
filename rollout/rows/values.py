"""What a row's columns may hold besides its conversation and media. Everything else is refused with file, row and key, and what
to do about it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from rewards.answers.columns import BadColumn, gold_answer, option_texts
from rewards.answers.text import answer_of_turn
from rewards.files import type_name
from rewards.tree.coverage import covers_problem
from rewards.tree.gold import gold_problem
from rollout.rows.row import RowError

_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXT_FORMS = {"tree": "write the tree as text, as docs/affective-tree.md has it", "task": "write the task's name"}
"""What to do about a column that is no text."""


def text_of(record: Mapping[str, Any], key: str, where: str) -> str | None:
    """A column's text, or None where there is none or it is empty."""
    value = record.get(key)
    if not isinstance(value, (str, type(None))):
        hint = _TEXT_FORMS.get(key, "mend it, or leave it out")
        raise RowError(f"{where}, key `{key}`: must be text, found {type_name(value)}; {hint}")
    return value or None


def name_of(record: Mapping[str, Any], key: str, where: str) -> str | None:
    """A column's text, or its number as text; None where there is none or it is empty."""
    value = _known(record.get(key))
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else text_of({key: value}, key, where)


def answer_of(record: Mapping[str, Any], turn: str | None, task: str, where: str) -> tuple[str | None, tuple[str, ...]]:
    """The right answer as text, and its labels where the row lists them; the assistant turn's where the row has none.

    Args:
        record: the row's columns.
        turn: the assistant turn.
        task: the row's task.
        where: what errors call the row.
    """
    try:
        answer, labels = gold_answer(_known(record.get("answer")))
    except BadColumn as error:
        raise RowError(f"{where}, key `answer`: {error}") from error
    if answer is None:
        return (answer_of_turn(turn, task) if turn else None), ()
    return answer, labels


def options_of(record: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The choices of a closed question; those of a mapping as `A. happy`. They may be a text in JSON, as tables have it."""
    try:
        return option_texts(unpacked(record.get("options")))
    except BadColumn as error:
        raise RowError(f"{where}, key `options`: {error}") from error


def covers_of(record: Mapping[str, Any], where: str) -> Mapping[str, Any] | None:
    """What the gold tree covers; None for what is in it."""
    covers = record.get("covers")
    if problem := covers_problem(covers):
        raise RowError(f"{where}, key `covers`: {problem}")
    return covers


def tree_of(record: Mapping[str, Any], where: str) -> str | None:
    """The gold tree, or None where there is none; one that cannot be read whole is refused."""
    tree = text_of(record, "tree", where)
    if tree is not None and (problem := gold_problem(tree)):
        raise RowError(f"{where}, key `tree`: {problem}")
    return tree


def check_characters(columns: Mapping[str, Any], where: str) -> None:
    """Refuse a text with half a character, as JSON can have it: nothing can write it, and no tokenizer takes it."""
    for key, value in columns.items():
        if (half := _half(value)) is not None:
            raise RowError(f"{where}, key `{key}`: holds half a character, {half!r}; a text was cut there: mend it")


def _half(value: Any) -> str | None:
    if isinstance(value, str):
        found = None if value.isascii() else _SURROGATE.search(value)
        return found and found[0]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return next((half for part in parts if (half := _half(part)) is not None), None)


def _known(value: Any) -> Any:
    """None for what tables have where nothing is known: no number, or an empty text; and whole numbers, which tables with such
    gaps have as 3.0, as these."""
    if isinstance(value, float):
        return None if math.isnan(value) else int(value) if value.is_integer() else value
    return None if isinstance(value, str) and not value.strip() else value


def unpacked(value: Any) -> Any:
    """The list or mapping in a text that is its JSON; None for an empty text; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value) if value.strip()[:1] in ("[", "{") else None
    except (ValueError, RecursionError):
        return value
    return found if found is not None or not value.strip() else value
