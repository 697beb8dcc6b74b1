"""Affective tree -> text: the inverse of `rewards/tree/parser.py`; and the grammar that engines can be held to."""

from __future__ import annotations

from collections.abc import Collection
from itertools import zip_longest
from pathlib import Path

from rewards.tree.nodes import LEVELS, AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.parser import parse
from rewards.tree.spelling import TreeNode, node_line

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
        UnwritableTree: if the tree would be read as another: without persons; with an id that is not like `a1`, is another
            level's or is there twice; or with a text that is empty, has spaces, emphasis or a full stop around it, or holds
            what the grammar uses itself: `<`, line breaks, a colon in an aspect, parentheses in a label.
    """
    if not tree.persons:
        raise UnwritableTree("a tree without persons cannot be written; one of whom nothing is stated is Person()")
    kept = AffectiveTree(tuple(_only(person, levels) for person in tree.persons))
    lines = ["<tree>"]
    for number, person in enumerate(kept.persons, start=1):
        if len(kept.persons) > 1:
            lines.append(f"person {number}")
        for level, nodes in zip(LEVELS, _levels(person), strict=True):
            if level in levels:
                lines += [level, *map(_line, nodes)]
    text = "\n".join([*lines, "</tree>"])
    _check(kept, parse(text).tree)
    return text if answer is None else f"{text}\n<answer>{_text(answer, 'answer', '<')}</answer>"


def rationale_grammar() -> str:
    """The grammar of a whole rationale in the EBNF dialect of vLLM's structured outputs (`rationale.gbnf`)."""
    return _GRAMMAR.read_text(encoding="utf-8")


def _only(person: Person, levels: Collection[str]) -> Person:
    return Person(
        person.attributes if "attribute" in levels else (),
        person.expressions if "expression" in levels else (),
        person.emotions if "emotion" in levels else (),
    )


def _levels(person: Person) -> tuple[tuple[TreeNode, ...], ...]:
    return person.attributes, person.expressions, person.emotions


def _line(node: TreeNode) -> str:
    match node:
        case Attribute(node_id, aspect, value):
            _text(aspect, node_id, "<:"), _text(value, node_id, "<")
        case Expression(node_id, name):
            _text(name, node_id, "<")
        case Emotion(node_id, label, intensity):
            _text(label, node_id, "<()"), _text("-" if intensity is None else intensity, node_id, "<()")
    return node_line(node)


def _text(text: str, where: str, reserved: str) -> str:
    if not text or text != text.strip() or "\n" in text or any(mark in text for mark in reserved):
        raise UnwritableTree(
            f"{where}: {text!r:.80} cannot be written; texts are not empty, have no outer spaces or line breaks, "
            f"and hold none of {reserved!r} here"
        )
    return text


def _check(tree: AffectiveTree, found: AffectiveTree) -> None:
    """Raise `UnwritableTree` for the first node that was read as another."""
    for person, other in zip_longest(tree.persons, found.persons, fillvalue=Person()):
        for nodes, others in zip(_levels(person), _levels(other), strict=True):
            for number, node in enumerate(nodes):
                read = others[number] if number < len(others) else None
                if read != node:
                    instead = f"would be read as {node_line(read)!r:.80}" if read else "could not be read"
                    raise UnwritableTree(f"{node.id}: {node_line(node)!r:.80} cannot be written; it {instead}")
