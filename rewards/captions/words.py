"""A caption as words: tokens, sentences, and the taxonomy's words and phrases found in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rewards.tree.taxonomy import taxonomy

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:[-'’][^\W\d_]+)*|[.,;:!?()]|-")
_QUOTED = re.compile(r'"[^"]{0,200}"|“[^”]{0,200}”')
SENTENCE_ENDS = frozenset(".!?;")


@dataclass(frozen=True)
class Meaning:
    """What a word or phrase stands for."""

    kind: str
    """`object`, `noun`, `value`, `word`, `expression`, `emotion` or `intensity`."""
    name: str
    """The aspect, expression, emotion or intensity; of a noun, its part."""
    value: str = ""
    part: str = ""
    """Of a value: the part whose nouns it must stand next to."""


@dataclass(frozen=True)
class Hit:
    """A phrase in a sentence: tokens begin to end - 1."""

    begin: int
    end: int
    meanings: tuple[Meaning, ...]

    def of(self, kind: str) -> tuple[Meaning, ...]:
        return tuple(m for m in self.meanings if m.kind == kind)


def grammar_words(name: str) -> frozenset[str]:
    """A list of words that hold sentences together."""
    return frozenset(taxonomy()["caption"]["grammar"][name])


def sentences(text: str) -> Iterator[list[str]]:
    """Lower-case tokens without possessive endings, sentence by sentence; semicolons end one too. Quotations are left out."""
    current: list[str] = []
    plain = _QUOTED.sub(" ", text.lower().replace("’", "'"))
    for token in (token.removesuffix("'s") for token in _TOKEN.findall(plain)):
        if token in SENTENCE_ENDS:
            if current:
                yield current
            current = []
        else:
            current.append(token)
    if current:
        yield current


def hits(tokens: list[str]) -> list[Hit]:
    """The taxonomy's phrases, longest first at each place, from left to right."""
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
    """First word -> how many words the phrases that begin with it have, longest first."""
    found: dict[str, set[int]] = {}
    for phrase in _lexicon():
        words = phrase.split()
        found.setdefault(words[0], set()).add(len(words))
    return {word: tuple(sorted(sizes, reverse=True)) for word, sizes in found.items()}


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, tuple[Meaning, ...]]:
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
