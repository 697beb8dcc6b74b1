"""The taxonomy of attributes, expressions and emotions, read from `taxonomy.yaml`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("taxonomy.yaml")
_AROUND = " .,;:!?\"'`*。、，！？…“”‘’"
"""Characters that do not count at the ends of a text."""
_ACTION_UNIT = re.compile(r"au ?0*(\d{1,2})")


@lru_cache(maxsize=1)
def taxonomy() -> dict[str, Any]:
    """The whole taxonomy as plain lists and mappings; treat it as read-only."""
    words: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return words


@lru_cache(maxsize=1)
def _canonical() -> dict[str, str]:
    """Synonym -> canonical word."""
    return {other: word for word, others in taxonomy()["synonyms"].items() for other in others}


@lru_cache(maxsize=1)
def known_emotions() -> frozenset[str]:
    """The emotions of all label sets, folded."""
    return frozenset(fold(label) for labels in taxonomy()["emotions"].values() for label in labels)


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """A word or phrase in the form in which texts are compared.

    It has lower case, single spaces, plain letters for full-width ones, and no punctuation, quotes or emphasis at its ends. An
    underscore is a space, `AU04` is `au4`, and a synonym is replaced by its canonical word.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    plain = " ".join(text.lower().replace("_", " ").split()).strip(_AROUND)
    unit = _ACTION_UNIT.fullmatch(plain)
    return f"au{unit[1]}" if unit else _canonical().get(plain, plain)
