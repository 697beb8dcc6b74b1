"""Errors that a user can mend, and the nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that a user can mend: the message says what was found, where, and what to do.

    Every command ends such an error in one line with exit status 2, wherever it was raised; anything else is taken for a
    fault of affectree itself (`rl/endings.py`).
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is nearest, or nothing where none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
