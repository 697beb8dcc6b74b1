"""Errors that a user can mend, and hints for words that are not known: the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class UserError(Exception):
    """Something that a user can mend: the message says what was found, where, and what to do.

    Every command ends such an error in one line with exit status 2, wherever it was raised; anything else is taken for a
    fault of affectree itself (`rl/record/endings.py`).
    """


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the nearest known word; an empty text where none is near."""
    near = get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def nearest_or_all(word: Any, known: Iterable[str], what: str = "known are") -> str:
    """The hint for a word that is not known: `; did you mean 'x'?`, or all known words after `what` where none is near."""
    words = list(known)
    return did_you_mean(word, words) or f"; {what} {', '.join(words) or 'none'}"


def one_of(word: Any, known: Iterable[str]) -> str:
    """The message for a choice that does not exist: `must be one of …, found 'x'`, and the nearest choice."""
    words = list(known)
    return f"must be one of {', '.join(words)}, found {word!r}{did_you_mean(word, words)}"
