"""The choices of a closed question: given apart, or written in the question as `(A) happy (B) sad` or `A.happy B.sad`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rewards.tree.taxonomy import fold, plain

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARKED = re.compile(r"\(?([A-Za-z0-9])[.):：、]\)?\s*(\S.*)", re.DOTALL)
"""An option that brings its letter, such as `A. happy`."""
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\(([A-Z])\)[.:]?",
        r"(?<![^\W_])([A-Z])\.",
        r"(?<![^\W_(])([A-Z])\)",
        r"(?<![^\W_])([A-Z])、",
        r"(?<![^\W_])([A-Z]):",
    )
)
"""How a letter stands before an option in a question; the likeliest first."""
_END = re.compile(r"\n|[.;。；](?=\s+[A-Z])|[,，;；]\s*$")
"""Where the last option of a list within a line ends."""
_NO_TEXTS = frozenset({"", "or", "and"})


@dataclass(frozen=True)
class Options:
    """The choices of a closed question."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Letter -> the option's text, in plain form; empty for an open question."""

    def letter_of(self, text: str) -> str | None:
        """The letter of the option that a text names, in the option's words or, where that leaves one option, in a synonym's;
        None if it names none."""
        form = plain(text)
        found = [letter for letter, option in self.texts.items() if option == form]
        if not found and form:
            found = [letter for letter, option in self.texts.items() if fold(option) == fold(form)]
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
        return Options({match[1].upper(): plain(match[2]) for match in marked if match})
    return Options(dict(zip(LETTERS, map(plain, given), strict=False)))


def _in_question(question: str) -> dict[str, str]:
    """Options that stand in a question: letters A, B, C and so on in one form, each before a text of its own."""
    question = question if question.isascii() else unicodedata.normalize("NFKC", question)
    for form in _FORMS:
        marks = list(form.finditer(question))
        at_line_starts = [mark for mark in marks if not question[: mark.start()].rpartition("\n")[2].strip()]
        for chosen, by_line in ((at_line_starts, True), (marks, False)):
            lists = [found for run in _runs(chosen) if (found := _texts(question, run, by_line))]
            if lists:
                return max(reversed(lists), key=len)
    return {}


def _runs(marks: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Successive marks of the letters A, B, C and so on."""
    runs: list[list[re.Match[str]]] = []
    for mark in marks:
        if mark[1] == "A":
            runs.append([mark])
        elif runs and mark[1] == LETTERS[len(runs[-1]) % len(LETTERS)]:
            runs[-1].append(mark)
    return [run for run in runs if len(run) > 1]


def _texts(question: str, run: list[re.Match[str]], by_line: bool) -> dict[str, str]:
    """Letter -> text of a run; nothing if two texts are the same, or one is none."""
    ends = [*(mark.start() for mark in run[1:]), len(question)]
    texts = [question[mark.end() : end].strip() for mark, end in zip(run, ends, strict=True)]
    texts[-1] = texts[-1].split("\n")[0] if by_line else _END.split(texts[-1])[0]
    found = [plain(text) for text in texts]
    distinct = len(set(found)) == len(found) and not _NO_TEXTS.intersection(found)
    return dict(zip(LETTERS, found, strict=False)) if distinct else {}
