"""Which line of a rationale belongs to which level of its tree, and which line each token writes. Lines count from 0."""

from __future__ import annotations

from collections.abc import Sequence

from rewards.tree.parser import tree_body
from rewards.tree.spelling import read_line

NO_LINE = -1
"""The line of a token that adds nothing to the text."""


def line_levels(text: str) -> dict[int, str]:
    """Line -> level, for the headers of a text's first tree and every line under them, as the parser reads them.

    Takes any text, in time linear in its length.
    """
    found: dict[int, str] = {}
    body = tree_body(text)
    level = ""
    for line, raw in enumerate(body.text.removesuffix("\n").split("\n"), start=body.first_line - 1):
        read = read_line(raw)
        if read.kind == "person":
            level = ""
        elif read.kind == "level":
            level = read.level
        if level:
            found[line] = level
    return found


def token_lines(tokens: Sequence[bytes]) -> list[int]:
    """The line to which each token belongs, by its first byte; `NO_LINE` for tokens that add nothing.

    Args:
        tokens: the bytes that each token adds to the text, which need not be valid UTF-8; none for special tokens.
    """
    found, line = [], 0
    for token in tokens:
        found.append(line if token else NO_LINE)
        line += token.count(b"\n")
    return found
