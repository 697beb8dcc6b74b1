"""The choices of a closed question: given apart, or written in the question as `(A) happy (B) sad` or `A.happy B.sad`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rewards.tree.taxonomy import fold

_MARKED = re.compile(r"\(?([A-Za-z0-9])[.):：]\)?\s*(\S.*)", re.DOTALL)
"""An option that brings its letter, such as `A. happy`."""
_MARK = re.compile(r"\(([A-Z])\)[.:：]?|(?<![^\W_])([A-Z])[.):：]")
"""A letter in a question that stands before an option."""
_END = re.compile(r"\n|[.;。；](?=\s+[A-Z])|[,，;；]\s*$")
"""Where the last option of a question ends."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Options:
    """The choices of a closed question."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Letter -> the option's text, folded; empty for an open question."""

    def letter_of(self, text: str) -> str | None:
        """The letter of the option with a text, which is folded; None if it is none of them, or more than one."""
        found = [letter for letter, option in self.texts.items() if option == text]
        return found[0] if len(found) == 1 else None


@lru_cache(maxsize=4096)  # all samples of a prompt have the same
def read_options(given: tuple[str, ...], question: str) -> Options:
    """The options that are given, or else those in the question.

    Args:
        given: the options' texts, in order. Where each brings a letter of its own, as `A. happy` does, these are their letters;
            else they are A, B, C and so on.
        question: the text of the question.
    """
    if not given:
        return Options(_in_question(question))
    marked = [_MARKED.fullmatch(option.strip()) for option in given]
    letters = [match[1].upper() for match in marked if match]
    if len(set(letters)) == len(given):
        return Options({match[1].upper(): fold(match[2]) for match in marked if match})
    return Options(dict(zip(LETTERS, map(fold, given), strict=False)))


def _in_question(question: str) -> dict[str, str]:
    """The last run of letters A, B, C and so on in a question, with the texts behind them; it has two at least."""
    question = question if question.isascii() else unicodedata.normalize("NFKC", question)
    runs: list[list[re.Match[str]]] = []
    for match in _MARK.finditer(question):
        letter = match[1] or match[2]
        if letter == "A":
            runs.append([match])
        elif runs and letter == LETTERS[len(runs[-1]) % len(LETTERS)]:
            runs[-1].append(match)
    run = next((run for run in reversed(runs) if len(run) > 1), [])
    ends = [*(match.start() for match in run[1:]), len(question)]
    texts = [question[match.end() : end].strip() for match, end in zip(run, ends, strict=True)] if run else []
    if texts:
        texts[-1] = _END.split(texts[-1])[0]
    return {letter: fold(text.strip(" \n,;，；")) for letter, text in zip(LETTERS, texts, strict=False)}
