"""Checking gold trees. A model may write anything, but a gold tree of which a part would be lost is a mistake."""

from __future__ import annotations

from functools import lru_cache

from rewards.tree.parser import parse

LOSES = {
    "no_tree": "it has no <tree>",
    "unclosed_tree": "its <tree> is never closed",
    "second_tree": "it has more than one <tree>",
    "unknown_line": "line {line} is neither a level nor a node of it: {text!r}",
    "duplicate_id": "line {line} uses the id {text} a second time",
}
"""Defects by which a tree says less than its author meant. Others are choices, such as a level that is left out."""


@lru_cache(maxsize=4096)
def gold_problem(text: str) -> str | None:
    """What is wrong with a gold tree and what to do, in one line; None if all of it can be read."""
    parsed = parse(text)
    defect = next((one for one in parsed.defects if one.kind in LOSES), None)
    if defect is None and not parsed.tree.is_empty():
        return None
    reason = "it is empty" if defect is None else LOSES[defect.kind].format(line=defect.line, text=defect.text)
    return f"the gold tree cannot be read: {reason}; write it as docs/affective-tree.md has it"
