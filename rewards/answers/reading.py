"""The labels that an answer states, and how far they are those of the gold answer. The whole rule: docs/affective-tree.md."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rewards.answers.options import LETTERS, Options
from rewards.answers.text import answer_text
from rewards.tree.taxonomy import fold, is_canonical, known_emotions, plain, taxonomy

_ALONE = re.compile(r"\(?([A-Za-z0-9])[.):：]?\)?")
"""A letter and nothing else: `B`, `(B)`, `B.`, `b)`."""
_MARKED = re.compile(r"(?:\(([A-Za-z0-9])\)[.:：]?|([A-Za-z0-9])[.):：])\s*(\S.*)", re.DOTALL)
"""A marked letter and a text: `B. brown`, `(B) brown`."""
_UNMARKED = re.compile(r"([A-Za-z0-9])()\s+(\S.*)", re.DOTALL)
"""A letter without a mark and a text: `B brown`. It may also be the beginning of a sentence."""
_LETTERS_ONLY = re.compile(r"(?:\(?[A-Z]\)?[.,;:/|&+、，]*\s*){2,26}")
_AND = re.compile(r"\band\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;/|&+\n、，；]|\band\b|(?<=\w)\s+(?=\([A-Z]\)\s+\S)", re.IGNORECASE)
_ANOTHER = re.compile(r"(?:^|[,;/(|]|\bor|\band)\s*\(?([A-Z])\)?(?=[.):,;]|\s*$|\s+(?:or|and)\b)|(?<![^\W_])([A-Z])(?=[.):]\s)")
"""A letter within a text that is another answer: `B` in `or B.`, `brown, B. black`, `(B)`."""
_DENIED = re.compile(r"\b(?:not|no|never|nor)\b", re.IGNORECASE)
_JOINED = re.compile("A?B?C?D?E?F?G?H?I?J?K?L?")
"""Letters in their order, as published data joins them (VidEmo's `ABK`): what is not so is a word."""
_INTENSITY = re.compile(r"(.*\S)\s*\(([^()]*)\)", re.DOTALL)
_BLANKS = re.compile(r"[^\S\n]+")
_LISTS = {"[": "]", "{": "}"}
_ANY_LETTER = Options(dict.fromkeys(LETTERS, ""))
"""Every letter, as an option whose text nobody knows."""


@dataclass(frozen=True)
class Answer:
    """What an answer states."""

    labels: frozenset[str]
    """Folded labels; an option, whichever way it was named, is `option B`."""
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
    listed: tuple[str, ...] = ()
    """The gold labels where they are listed; one that holds a separator stays whole."""

    def read(self, text: str | None) -> Answer | None:
        """What a text answers (`answer_text`); None for no answer, or for a letter before another option's text."""
        if not text:
            return None
        return _read_set(_pieces(text, self.options, self.listed), self.options) if self.is_set else _read_one(text, self.options)

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
    stated = (answer_text(text) if text else None) or ""
    if not stated and not labels:
        return None
    known = options if options.texts else _told_by_gold(labels or (stated,), multi_label)
    pieces = labels or _pieces(stated, known)
    if not (labels or multi_label or _letters(stated, known) or _emotions(pieces)):
        pieces = ()
    answer = _read_set(pieces, known) if pieces else _read_one(stated, known)
    return GoldAnswer(answer, bool(pieces), known, labels) if answer else None


def read_labels(text: str | None, options: Options) -> frozenset[str]:
    """All labels in an answer in words, read as a set whatever the task is; none for no answer, or one against itself.

    The text of an option stands for its letter, and intensities are left out.
    """
    pieces = [piece for piece in _pieces(text, options) if fold(piece) not in _intensities()] if text else []
    answer = _read_set(pieces, options)
    names = {_name(letter): fold(option) for letter, option in options.texts.items() if option}
    return frozenset(names.get(label, label) for label in answer.labels) if answer else frozenset()


def _told_by_gold(gold: Iterable[str], multi_label: bool) -> Options:
    """The options that a gold answer tells: that of `A. brown`; every letter for `A`, and for `BF` where answers are sets."""
    texts = [_bare(text) for text in gold]
    marked = [match for text in texts if (match := _MARKED.fullmatch(text)) and (match[1] or match[2]).isupper()]
    if marked:
        return Options({match[1] or match[2]: plain(match[3]) for match in marked})
    if all(len(text) == 1 and text.isupper() and text.isascii() for text in texts):
        return _ANY_LETTER
    joined = multi_label and all(_letters(text, _ANY_LETTER) and _is_no_word(text) for text in texts)
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
    bare = _bare(text)
    alone = _ALONE.fullmatch(bare)
    if alone and alone[1].upper() in options.texts:
        return _name(alone[1].upper()), ""
    if named := options.letter_of(bare):
        return _name(named), ""
    for pattern in (_MARKED, _UNMARKED):
        match = pattern.fullmatch(bare)
        letter = (match[1] or match[2]).upper() if match else ""
        if match is None or letter not in options.texts:
            continue
        named = options.letter_of(match[3])
        if named == letter or (pattern is _MARKED and named is None and not _says_another(match[3], letter, options)):
            return _name(letter), ""
        if pattern is _MARKED:
            return None
    strength = _INTENSITY.fullmatch(bare)
    if strength is None:
        return fold(bare), ""
    named = options.letter_of(strength[1])
    return (_name(named) if named else fold(strength[1])), fold(strength[2])


def _name(letter: str) -> str:
    return f"option {letter.lower()}"


def _says_another(text: str, letter: str, options: Options) -> bool:
    """Whether the text behind a marked letter denies it, or holds another option's letter or text."""
    others = {found[1] or found[2] for found in _ANOTHER.finditer(text)} & options.texts.keys() - {letter}
    words = f" {plain(text)} "
    named = any(f" {option} " in words for other, option in options.texts.items() if option and other != letter)
    return bool(others) or named or _DENIED.search(text) is not None


def _pieces(text: str, options: Options, listed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The labels of a list. An option or a listed gold label whose text holds a separator stays whole."""
    bare = _bare(text)
    if options.letter_of(bare):
        return (bare,)
    if letters := _letters(bare, options):
        return letters
    whole: list[str] = []
    for one in sorted(filter(_SEPARATOR.search, (*options.texts.values(), *map(_bare, listed))), key=len, reverse=True):
        bare, count = re.subn(rf"(?<!\w){re.escape(one)}(?!\w)", ",", bare, flags=re.IGNORECASE)
        whole += [one] * count
    return (*whole, *(piece for piece in _SEPARATOR.split(bare) if _bare(piece)))


def _letters(text: str, options: Options) -> tuple[str, ...]:
    """The letters of an answer that is several letters of the options and nothing else, such as `BF`, `B, F` or `(B)(F)`."""
    bare = _AND.sub(",", _bare(text))
    if options.letter_of(bare) or not _LETTERS_ONLY.fullmatch(bare):
        return ()
    letters = re.findall("[A-Z]", bare)
    return tuple(letters) if len(set(letters)) == len(letters) and set(letters) <= set(options.texts) else ()


def _is_no_word(text: str) -> bool:
    """Whether letters without known options are letters rather than a word in capitals."""
    joined = "".join(re.findall("[A-Z]", text))
    return joined != text or (_JOINED.fullmatch(text) is not None and fold(text) == plain(text) and not is_canonical(text))


def _emotions(pieces: tuple[str, ...]) -> bool:
    return len(pieces) > 1 and all(fold(piece) in known_emotions() for piece in pieces)


@lru_cache(maxsize=1)
def _intensities() -> frozenset[str]:
    return frozenset(map(fold, taxonomy()["intensities"]))


def _bare(text: str) -> str:
    """A text in plain letters and single blanks, without emphasis, quotes, the brackets of a list, and the stop at its end."""
    bare = text if text.isascii() else unicodedata.normalize("NFKC", text)
    bare, before = _BLANKS.sub(" ", bare), None
    while bare != before:
        before = bare
        bare = bare.strip(" \t\n\r*`\"'$").rstrip(".!。,;")
        if bare and _LISTS.get(bare[0]) == bare[-1]:
            bare = bare[1:-1].replace('"', "").replace("'", "")
    return bare
