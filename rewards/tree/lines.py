"""Which line of a rationale belongs to which level of its tree, and which line each token writes."""

from __future__ import annotations

from collections.abc import Sequence

from rewards.tree.nodes import LEVELS


def line_levels(text: str) -> dict[int, str]:
    """Line -> level, for the headers and nodes of the first tree of a text. Total and linear; lines count from 0."""
    found: dict[int, str] = {}
    start = text.find("<tree>")
    if start < 0:
        return found
    level = ""
    for line, raw in enumerate(text[start:].split("\n"), start=text.count("\n", 0, start)):
        word = raw.strip()
        if word.startswith(("</tree>", "<answer>")):
            break
        if word.startswith("person "):
            level = ""
        elif word in LEVELS:
            level = word
        if level:
            found[line] = level
    return found


NO_LINE = -1


def token_lines(tokens: Sequence[bytes]) -> list[int]:
    """The line that each token writes, by its first byte; `NO_LINE` for tokens that add nothing.

    Args:
        tokens: what each adds to the text, which need not be valid UTF-8; nothing for special tokens.
    """
    found, line = [], 0
    for token in tokens:
        found.append(line if token else NO_LINE)
        line += token.count(b"\n")
    return found
