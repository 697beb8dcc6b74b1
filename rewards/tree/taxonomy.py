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
_FRACTION = re.compile(r"\.\d")
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


def is_canonical(text: str) -> bool:
    """Whether a text is a word into which others fold."""
    return plain(text) in taxonomy()["synonyms"]


@lru_cache(maxsize=1)
def known_emotions() -> frozenset[str]:
    """The emotions of all label sets, folded."""
    return frozenset(fold(label) for labels in taxonomy()["emotions"].values() for label in labels)


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """A word or phrase in the form in which texts are compared: `plain`, with a synonym replaced by its canonical word."""
    form = plain(text)
    return _canonical().get(form, form)


def plain(text: str) -> str:
    """A text in lower case, with single spaces, plain letters for full-width ones, and no punctuation, quotes, emphasis or
    invisible characters at its ends. An underscore is a space, and `AU04` is `au4`."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    form = " ".join(text.lower().replace("_", " ").split()).rstrip(_AROUND)
    form = form if _FRACTION.match(form) else form.lstrip(_AROUND)
    unit = _ACTION_UNIT.fullmatch(form)
    return f"au{unit[1]}" if unit else form
