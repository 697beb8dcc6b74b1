"""Gold answers and options as data sets have them: one reader for the project's own rows and for what other trainers pass."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any


class BadColumn(ValueError):
    """A column that cannot be an answer, or options; the message says what was found and what to write."""


def gold_answer(value: Any) -> tuple[str | None, tuple[str, ...]]:
    """A gold answer as text, and its labels where it is a list.

    Args:
        value: None, a text or a number, or a list of such. A text that is a list in JSON or Python is a list.

    Returns:
        The text, in which the labels of a list are joined by ", ", or None for no answer; and the labels of a list, which are
        a set: their order does not count.

    Raises:
        BadColumn: for anything else.
    """
    value = _unpacked(value)
    if value is None:
        return None, ()
    if isinstance(value, (str, bool, int, float)):
        return str(value), ()
    if (
        isinstance(value, Sequence)
        and not isinstance(value, bytes)
        and all(isinstance(one, (str, bool, int, float)) for one in value)
    ):
        labels = tuple(str(one) for one in value)
        return (", ".join(labels), labels) if labels else (None, ())
    raise BadColumn(f"must be text or a list of labels, found {value!r:.80}")


def option_texts(value: Any) -> tuple[str, ...]:
    """The choices of a closed question, in order; those of a mapping from letters to texts as `A. happy`.

    Raises:
        BadColumn: for anything but a list of texts or a mapping from single letters or digits to texts.
    """
    if isinstance(value, Mapping):
        marked = {str(letter).strip(): text for letter, text in value.items() if text is not None}
        wrong = [
            letter for letter, text in marked.items() if len(letter) != 1 or not letter.isalnum() or not isinstance(text, str)
        ]
        if wrong:
            raise BadColumn(
                f"must give a text to each letter, such as {{A: happy}}; found {wrong[0]!r}: {marked[wrong[0]]!r:.40}"
            )
        return tuple(f"{letter.upper()}. {text}" for letter, text in marked.items())
    if value is None:
        return ()
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise BadColumn(f'must be a list of texts, such as ["happy", "sad"], or letters with their texts, found {value!r:.80}')


def _unpacked(value: Any) -> Any:
    """The list in a text such as `["happy", "surprise"]`, which is what tables make of lists; other values as they are."""
    if not isinstance(value, str) or not (value.strip().startswith("[") and value.strip().endswith("]")):
        return value
    try:
        found = ast.literal_eval(value.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return value
    return found if isinstance(found, list) and found and all(isinstance(one, str) for one in found) else value
