"""A caption as words: its sentences as tokens, and the taxonomy's phrases in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rewards.tree.taxonomy import taxonomy

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:[-'’][^\W\d_]+)*|[.,;:!?()]|-")
_QUOTED = re.compile(r'"[^"]{0,200}"|“[^”]{0,200}”')
_SENTENCE_ENDS = frozenset(".!?;")


@dataclass(frozen=True)
class Meaning:
    """One thing that a phrase may stand for."""

    kind: str
    """`object`, `noun`, `value`, `word`, `expression`, `emotion` or `intensity`."""
    name: str
    """The aspect, expression, emotion or intensity; for a noun, the part of the face or body that it names."""
    value: str = ""
    """The aspect's value, for an object, a value or a word."""
    part: str = ""
    """For a value, the part that it describes; it counts only next to a noun for that part."""


@dataclass(frozen=True)
class Hit:
    """A phrase of the taxonomy in a sentence: the tokens from `begin` to `end - 1`."""

    begin: int
    end: int
    meanings: tuple[Meaning, ...]

    def of(self, kind: str) -> tuple[Meaning, ...]:
        """The meanings of the phrase that are of one kind."""
        return tuple(m for m in self.meanings if m.kind == kind)


def grammar_words(name: str) -> frozenset[str]:
    """One of the taxonomy's lists of grammar words, such as `negations` or `copulas`."""
    return frozenset(taxonomy()["caption"]["grammar"][name])


def sentences(text: str) -> Iterator[list[str]]:
    """The sentences of a text, as lower-case tokens without possessive endings.

    A semicolon ends a sentence too. Quotations are left out.
    """
    current: list[str] = []
    plain = _QUOTED.sub(" ", text.lower().replace("’", "'"))
    for token in (token.removesuffix("'s") for token in _TOKEN.findall(plain)):
        if token in _SENTENCE_ENDS:
            if current:
                yield current
            current = []
        else:
            current.append(token)
    if current:
        yield current


def hits(tokens: list[str]) -> list[Hit]:
    """The taxonomy's phrases in a sentence, from left to right; where several begin at one token, the longest."""
    lexicon, sizes = _lexicon(), _sizes()
    found, index = [], 0
    while index < len(tokens):
        for size in sizes.get(tokens[index], ()):
            meanings = lexicon.get(" ".join(tokens[index : index + size]))
            if meanings:
                found.append(Hit(index, index + size, meanings))
                index += size
                break
        else:
            index += 1
    return found


@lru_cache(maxsize=1)
def _sizes() -> dict[str, tuple[int, ...]]:
    """First word -> lengths, in words, of the phrases that begin with it; the longest first."""
    found: dict[str, set[int]] = {}
    for phrase in _lexicon():
        words = phrase.split()
        found.setdefault(words[0], set()).add(len(words))
    return {word: tuple(sorted(sizes, reverse=True)) for word, sizes in found.items()}


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, tuple[Meaning, ...]]:
    """Phrase -> what it may stand for."""
    words = taxonomy()["caption"]
    found: dict[str, list[Meaning]] = {}

    def add(phrases: list[str], meaning: Meaning) -> None:
        for phrase in phrases:
            found.setdefault(" ".join(_TOKEN.findall(phrase.lower())), []).append(meaning)

    for aspect, phrases in words["objects"].items():
        add(phrases, Meaning("object", aspect, "yes"))
    for part, content in words["parts"].items():
        for aspect, values in content.items():
            if aspect == "nouns":
                add(values, Meaning("noun", part))
                continue
            for value, phrases in values.items():
                add(phrases, Meaning("value", aspect, value, part))
    for aspect, values in words["words"].items():
        for value, phrases in values.items():
            add(phrases, Meaning("word", aspect, value))
    for kind in ("expressions", "emotions", "intensities"):
        for name, phrases in words[kind].items():
            add(phrases, Meaning(kind.removesuffix("s") if kind != "intensities" else "intensity", name))
    return {phrase: tuple(meanings) for phrase, meanings in found.items()}
