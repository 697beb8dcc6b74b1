"""Affective tree -> text: the inverse of `rewards/tree/parser.py`; and the grammar that engines can be held to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rewards.tree.nodes import LEVELS, AffectiveTree, Emotion

_GRAMMAR = Path(__file__).with_name("rationale.gbnf")


class UnwritableTree(ValueError):
    """A tree whose text would be read as a different tree. The message names the node and what is wrong with it."""


def write(tree: AffectiveTree, answer: str | None = None, levels: Collection[str] = LEVELS) -> str:
    """The canonical text of a tree: `parse(write(tree)).tree == tree`.

    Args:
        tree: what to write.
        answer: the text of an `<answer>` behind the tree; None writes none.
        levels: the levels to write, of each person; all by default.

    Raises:
        UnwritableTree: if a text is empty, has outer spaces, or holds what the grammar uses itself: `<`, line breaks, a
            colon in an aspect, parentheses in a label.
    """
    lines = ["<tree>"]
    for number, person in enumerate(tree.persons, start=1):
        if len(tree.persons) > 1:
            lines.append(f"person {number}")
        written = {
            "attribute": [f"{a.id} {_text(a.aspect, a.id, '<:')}: {_text(a.value, a.id, '<')}" for a in person.attributes],
            "expression": [f"{e.id} {_text(e.name, e.id, '<')}{_references(e.rests_on)}" for e in person.expressions],
            "emotion": [f"{m.id} {_text(m.label, m.id, '<()')}{_strength(m)}{_references(m.rests_on)}" for m in person.emotions],
        }
        for level in LEVELS:
            if level in levels:
                lines += [level, *written[level]]
    lines.append("</tree>")
    if answer is not None:
        lines.append(f"<answer>{_text(answer, 'answer', '<')}</answer>")
    return "\n".join(lines)


def rationale_grammar() -> str:
    """The grammar of a whole rationale in the EBNF dialect of vLLM's structured outputs (`rationale.gbnf`)."""
    return _GRAMMAR.read_text(encoding="utf-8")


def _text(text: str, where: str, reserved: str) -> str:
    if not text or text != text.strip() or "\n" in text or any(mark in text for mark in reserved):
        raise UnwritableTree(
            f"{where}: {text!r:.80} cannot be written; texts are not empty, have no outer spaces or line breaks, "
            f"and hold none of {reserved!r} here"
        )
    return text


def _strength(emotion: Emotion) -> str:
    return f" ({_text(emotion.intensity, emotion.id, '<()')})" if emotion.intensity else ""


def _references(ids: tuple[str, ...]) -> str:
    return " < " + " ".join(ids) if ids else ""
