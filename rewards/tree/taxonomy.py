"""The taxonomy of attributes, expressions and emotions, read from `taxonomy.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("taxonomy.yaml")


@lru_cache(maxsize=1)
def taxonomy() -> dict[str, Any]:
    """The whole taxonomy as plain lists and mappings; treat it as read-only."""
    words: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return words


@lru_cache(maxsize=1)
def _canonical() -> dict[str, str]:
    """Synonym -> canonical word."""
    return {other: word for word, others in taxonomy()["synonyms"].items() for other in others}


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """A word or phrase in the form in which texts are compared.

    It has lower case, single spaces and no punctuation at its ends, and a synonym is replaced by its canonical word.
    """
    plain = " ".join(text.lower().split()).strip(" .,;:!")
    return _canonical().get(plain, plain)
