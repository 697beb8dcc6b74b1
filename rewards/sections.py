"""Which part of a rationale's text belongs to which level of its tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rewards.grammar import LEVELS


@dataclass(frozen=True)
class Section:
    """A level's header and nodes of one person: bytes `begin` to `end - 1`."""

    level: str
    begin: int
    end: int


def sections(data: bytes) -> list[Section]:
    """The level sections of the first tree of a text in UTF-8, in order; none without a tree. Total and linear."""
    start = data.find(b"<tree>")
    if start < 0:
        return []
    found: list[Section] = []
    level, begin, cursor = "", 0, start
    for line in data[start:].split(b"\n"):
        word = line.strip().decode(errors="replace")
        ends = word.startswith(("</tree>", "<answer>", "person "))
        if (ends or word in LEVELS) and level:
            found.append(Section(level, begin, cursor))
            level = ""
        if word in LEVELS:
            level, begin = word, cursor
        cursor += len(line) + 1
        if word.startswith(("</tree>", "<answer>")):
            break
    if level:
        found.append(Section(level, begin, min(cursor, len(data))))
    return found


def token_levels(tokens: Sequence[bytes]) -> list[str | None]:
    """The level that each token writes, by its first byte.

    Args:
        tokens: what each adds to the text, which need not be valid UTF-8; nothing for special tokens.
    """
    parts, found, cursor, place = sections(b"".join(tokens)), [], 0, 0
    for token in tokens:
        while place < len(parts) and parts[place].end <= cursor:
            place += 1
        inside = token and place < len(parts) and parts[place].begin <= cursor
        found.append(parts[place].level if inside else None)
        cursor += len(token)
    return found
