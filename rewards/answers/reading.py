"""The labels that an answer states, and how far they are those of the gold answer. The whole rule: docs/affective-tree.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rewards.answers.options import LETTERS, Options
from rewards.answers.text import answer_text
from rewards.tree.taxonomy import fold, known_emotions

_ALONE = re.compile(r"\(?([A-Za-z0-9])[.):：]?\)?")
"""A letter and nothing else: `B`, `(B)`, `B.`, `b)`."""
_MARKED = re.compile(r"(?:\(([A-Za-z0-9])\)[.:：]?|([A-Za-z0-9])[.):：])\s*(\S.*)", re.DOTALL)
"""A marked letter and a text: `B. brown`, `(B) brown`."""
_UNMARKED = re.compile(r"([A-Za-z0-9])()\s+(\S.*)", re.DOTALL)
"""A letter without a mark and a text: `B brown`. It may also be the beginning of a sentence."""
_LETTERS_ONLY = re.compile(r"(?:\(?[A-Z]\)?[.,;:/|&+、，]*\s*){2,26}")
_AND = re.compile(r"\band\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:[,;/|&+\n、，；]|\band\b)\s*", re.IGNORECASE)
_INTENSITY = re.compile(r"(.*\S)\s*\(([^()]*)\)", re.DOTALL)
_LISTS = {"[": "]", "{": "}"}
_ANY_LETTER = Options({letter: f"option {letter.lower()}" for letter in LETTERS})
"""Every letter, as an option whose text nobody knows."""


@dataclass(frozen=True)
class Answer:
    """What an answer states."""

    labels: frozenset[str]
    """Folded labels. An option is known by its text, whichever way it was named."""
    intensities: Mapping[str, str] = field(default_factory=dict)
    """Label -> folded intensity, for those that state one, such as `strong` in `angry (strong)`."""


@dataclass(frozen=True)
class Credit:
    """How far an answer is right, as counts of labels."""

    hits: float
    """Those that are right; a fraction where an intensity is wrong."""
    found: int
    """Those that the answer states."""
    true: int
    """Those of the gold answer."""


@dataclass(frozen=True)
class GoldAnswer:
    """The right answer to a question, and by it the reading of others."""

    answer: Answer
    is_set: bool
    """Whether it is a set of labels, of which an answer may have some."""
    options: Options
    """The choices of the question, as far as the question or the gold answer tell them."""

    def read(self, text: str | None) -> Answer | None:
        """What a text answers (`answer_text`); None for no answer, or for a letter before another option's text."""
        if not text:
            return None
        return _read_set(_pieces(text, self.options), self.options) if self.is_set else _read_one(text, self.options)

    def credit(self, said: Answer | None, wrong_intensity: float = 0.0) -> Credit:
        """How far an answer is right. An intensity counts only where the gold answer states one.

        Args:
            said: the answer; None is right in nothing.
            wrong_intensity: what the right label with another intensity, or with none, counts.
        """
        true = self.answer
        if said is None:
            return Credit(0.0, 0, len(true.labels))
        hits = 0.0
        for label in said.labels & true.labels:
            asked = true.intensities.get(label)
            hits += 1.0 if asked in (None, said.intensities.get(label)) else wrong_intensity
        return Credit(hits, len(said.labels), len(true.labels))


def read_gold(text: str | None, labels: tuple[str, ...], options: Options, multi_label: bool) -> GoldAnswer | None:
    """The gold answer of a row.

    Args:
        text: the gold answer, which may stand in `<answer>`.
        labels: its labels, where the data set lists them.
        options: the choices of the question.
        multi_label: whether the task's answers are sets of labels.

    Returns:
        The answer; None if there is nothing to compare with. It is a set where labels are listed, where the task's answers are
        sets, and where it is several letters of the options, such as `BF`, or several emotions of the taxonomy.
    """
    plain = answer_text(text) if text else None
    if not plain and not labels:
        return None
    known = options if options.texts else _told_by_gold(labels or (plain or "",), multi_label)
    pieces = labels or _pieces(plain or "", known)
    if not (labels or multi_label or _letters(plain or "", known) or _emotions(pieces)):
        pieces = ()
    answer = _read_set(pieces, known) if pieces else _read_one(plain or "", known)
    return GoldAnswer(answer, bool(pieces), known) if answer else None


def read_labels(text: str | None, options: Options) -> frozenset[str]:
    """All labels in an answer, read as a set whatever the task is; none for no answer, or one against itself."""
    answer = _read_set(_pieces(text, options), options) if text else None
    return answer.labels if answer else frozenset()


def _told_by_gold(gold: Iterable[str], multi_label: bool) -> Options:
    """The options that a gold answer tells: that of `A. brown`; every letter for `A`, and for `BF` where answers are sets."""
    texts = [_bare(text) for text in gold]
    marked = [match for text in texts if (match := _MARKED.fullmatch(text)) and (match[1] or match[2]).isupper()]
    if marked:
        return Options({match[1] or match[2]: fold(match[3]) for match in marked})
    if all(len(text) == 1 and text.isupper() and text.isascii() for text in texts):
        return _ANY_LETTER
    joined = multi_label and all(_letters(text, _ANY_LETTER) and text != "NO" for text in texts)
    return _ANY_LETTER if joined else Options()


def _read_one(text: str, options: Options) -> Answer | None:
    label = _label(text, options)
    return _answer([label]) if label else None


def _read_set(pieces: Iterable[str], options: Options) -> Answer | None:
    labels = [_label(piece, options) for piece in pieces]
    return None if None in labels else _answer([label for label in labels if label])


def _answer(labels: list[tuple[str, str]]) -> Answer:
    return Answer(frozenset(label for label, _ in labels), {label: intensity for label, intensity in labels if intensity})


def _label(text: str, options: Options) -> tuple[str, str] | None:
    """(folded label, folded intensity or "") of one piece of an answer; None for a letter before another option's text."""
    plain = _bare(text)
    if options.letter_of(fold(plain)):
        return fold(plain), ""
    alone = _ALONE.fullmatch(plain)
    if alone and alone[1].upper() in options.texts:
        return options.texts[alone[1].upper()], ""
    for pattern in (_MARKED, _UNMARKED):
        match = pattern.fullmatch(plain)
        letter = (match[1] or match[2]).upper() if match else ""
        if match is None or letter not in options.texts:
            continue
        named = options.letter_of(fold(match[3]))
        if named == letter or (pattern is _MARKED and named is None):
            return options.texts[letter], ""
        if pattern is _MARKED:
            return None
    strength = _INTENSITY.fullmatch(plain)
    return (fold(strength[1]), fold(strength[2])) if strength else (fold(plain), "")


def _pieces(text: str, options: Options) -> tuple[str, ...]:
    """The labels of a list. An option whose text holds a separator stays whole."""
    plain = _bare(text)
    if options.letter_of(fold(plain)):
        return (plain,)
    if letters := _letters(plain, options):
        return letters
    whole: list[str] = []
    for option in sorted(filter(_SEPARATOR.search, options.texts.values()), key=len, reverse=True):
        plain, count = re.subn(rf"(?<!\w){re.escape(option)}(?!\w)", ",", plain, flags=re.IGNORECASE)
        whole += [option] * count
    return (*whole, *(piece for piece in _SEPARATOR.split(plain) if _bare(piece)))


def _letters(text: str, options: Options) -> tuple[str, ...]:
    """The letters of an answer that is several letters of the options and nothing else, such as `BF`, `B, F` or `(B)(F)`."""
    plain = _AND.sub(",", _bare(text))
    if options.letter_of(fold(plain)) or not _LETTERS_ONLY.fullmatch(plain):
        return ()
    letters = re.findall("[A-Z]", plain)
    return tuple(letters) if len(set(letters)) == len(letters) and set(letters) <= set(options.texts) else ()


def _emotions(pieces: tuple[str, ...]) -> bool:
    return len(pieces) > 1 and all(fold(piece) in known_emotions() for piece in pieces)


def _bare(text: str) -> str:
    """A text in plain letters, without emphasis, the brackets and quotes of a list, and the stop at its end."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.strip(" \t\n\r*`")
    if plain and _LISTS.get(plain[0]) == plain[-1]:
        plain = plain[1:-1].replace('"', "").replace("'", "")
    return plain.strip(" \t\n\r").rstrip(".!。,;")
