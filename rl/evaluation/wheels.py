"""The emotion-wheel metric of MER-UniBench (AffectGPT, arXiv 2501.16566), for answers in words of the model's own choice.

A word becomes its base form, this the word of a wheel that it is a synonym of, and this the wheel's innermost cluster; words
that no table has are left out. In each sample precision is |G & P| / |P| and recall |G & P| / |G| over clusters; samples
without a gold cluster are left out. F1 is that of the mean precision and the mean recall, and the metric its mean over wheels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rewards.errors import UserError
from rewards.files import read_settings

SHIPPED = Path(__file__).with_name("wheels.yaml")
_SEPARATOR = re.compile(r"[,;/|\n，；、]|\band\b")


class WheelError(UserError):
    """A file of wheels that cannot be used; says which key is wrong."""


@dataclass(frozen=True)
class Wheels:
    """Wheels of emotions, and the words that lead to theirs."""

    clusters: Mapping[str, Mapping[str, str]]
    """Wheel -> word of it -> its cluster."""
    candidates: Mapping[str, tuple[str, ...]]
    """Word -> the words of wheels that it may mean, sorted."""

    def cluster(self, word: str, wheel: str) -> str | None:
        """The cluster of a word on a wheel: that of the first word that it may mean and the wheel has."""
        known = self.clusters[wheel]
        return next((known[one] for one in self.candidates.get(_plain(word), ()) if one in known), None)

    def overlap(self, gold: Iterable[str], said: Iterable[str], wheel: str) -> tuple[float, float] | None:
        """(precision, recall) of one sample's words; None if no gold word is on the wheel."""
        true, found = ({self.cluster(word, wheel) for word in words} - {None} for words in (gold, said))
        if not true:
            return None
        hits = len(true & found)
        return (hits / len(found) if found else 0.0), hits / len(true)


@lru_cache(maxsize=4)
def read_wheels(path: Path = SHIPPED) -> Wheels:
    """Wheels of a YAML file.

    It has `wheels`: name -> cluster -> list of words, and may have `forms`: word -> list of its other forms, and `synonyms`:
    word of a wheel -> list of words that mean it. AffectGPT's tables wheel1.xlsx to wheel5.xlsx, format.csv and synonym.xlsx
    hold just these.

    Raises:
        WheelError: for a key that is missing or holds something else.
    """
    tables = read_settings(path)
    wheels = tables.get("wheels")
    if not isinstance(wheels, dict) or not wheels:
        raise WheelError(f"{path}: must have `wheels`, such as {{wheel1: {{anger: [rage, annoyance]}}}}")
    clusters = {str(name): _clusters(path, f"wheels.{name}", wheel) for name, wheel in wheels.items()}
    forms, synonyms = (_lists(path, key, tables.get(key) or {}) for key in ("forms", "synonyms"))
    means: dict[str, set[str]] = {word: {word} for wheel in clusters.values() for word in wheel}
    for word, others in synonyms.items():
        for one in (word, *others):
            means.setdefault(one, set()).add(word)
    bases: dict[str, set[str]] = {word: {word} for word in means}
    for word, others in forms.items():
        for one in (word, *others):
            bases.setdefault(one, set()).add(word)
    return Wheels(clusters, {word: tuple(sorted(set().union(*(means.get(b, set()) for b in of)))) for word, of in bases.items()})


def words_of(text: str) -> list[str]:
    """The words of an answer that lists emotions."""
    return [word for piece in _SEPARATOR.split(text.lower()) if (word := _plain(piece))]


def wheel_score(precision: Sequence[float], recall: Sequence[float]) -> float:
    """The metric, of the mean precision and recall on each wheel."""
    return sum(2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision, recall, strict=True)) / len(precision)


def _clusters(path: Path, key: str, wheel: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for cluster, words in _lists(path, key, wheel).items():
        for word in (cluster, *words):
            found[word] = cluster
    return found


def _lists(path: Path, key: str, table: object) -> dict[str, list[str]]:
    good = isinstance(table, dict) and all(isinstance(words, list) for words in table.values())
    if not isinstance(table, dict) or not good:
        raise WheelError(f"{path}: `{key}` must give a list of words to each word, found {table!r:.80}")
    return {_plain(str(word)): [_plain(str(one)) for one in words] for word, words in table.items()}


def _plain(word: str) -> str:
    return word.lower().strip(" \t.\"'[](){}*")
