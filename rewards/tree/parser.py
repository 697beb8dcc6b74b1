"""Text -> affective tree: a parser that takes any text, in linear time. Its inverse is in `rewards/tree/writer.py`.

The grammar is in docs/affective-tree.md. `parse` never raises on model output: it returns the tree that it could read and
a list of defects with line numbers. How a single line is read is in `rewards/tree/spelling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rewards.tree.nodes import LEVELS, AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.spelling import Line, TreeNode, read_line


@dataclass(frozen=True)
class Defect:
    """One broken rule of the grammar."""

    line: int
    """Line in the whole text, from 1; 0 means the text as a whole."""
    kind: str
    """The rule, such as `unclosed_tree`, `no_evidence`, or `spelling` for a line that is read but should be written otherwise."""
    text: str = ""
    """What breaks it, at most 80 characters."""


@dataclass(frozen=True)
class Parsed:
    """What was read from a text."""

    tree: AffectiveTree
    """The text's first tree; empty if there is none."""
    answer: str | None
    """The inside of the first `<answer>` behind the tree; None if there is none."""
    defects: tuple[Defect, ...]
    """What is wrong with the text."""
    lines: Mapping[tuple[int, str], int]
    """(place of the person, node id) -> line of each node of the tree, from 1 in the whole text."""

    def has(self, *kinds: str) -> bool:
        """Whether there is a defect of one of these kinds."""
        return any(defect.kind in kinds for defect in self.defects)


def parse(text: str) -> Parsed:
    """Read a rationale. Any text gives a `Parsed`, in time linear in its length."""
    body = tree_body(text)
    defects = [Defect(body.first_line, body.defect)] if body.defect else []
    builder = _Builder(defects)
    tree = builder.read(body) if body.first_line else AffectiveTree()
    answer = _answer(body.rest, defects, text.count("\n", 0, len(text) - len(body.rest)) + 1)
    return Parsed(tree, answer, tuple(defects), builder.lines)


class Body(NamedTuple):
    """Where the first tree of a text is."""

    text: str
    """What stands between its tags."""
    first_line: int
    """Number of its first line, from 1; 0 if there is no tree."""
    rest: str
    """The text after it."""
    defect: str | None
    """The kind of defect that its tags have; None if they are as they should be."""


def tree_body(text: str) -> Body:
    """Find the first tree of a text. One that is never closed ends at the answer."""
    start = text.find("<tree>")
    if start < 0:
        return Body("", 0, text, "no_tree")
    first_line = text.count("\n", 0, start) + 1
    inside = start + len("<tree>")
    end = text.find("</tree>", inside)
    if end < 0:
        cut = text.find("<answer>", inside)
        end = cut if cut >= 0 else len(text)
        return Body(text[inside:end], first_line, text[end:], "unclosed_tree")
    rest = text[end + len("</tree>") :]
    second = "<tree>" in rest or "<tree>" in text[inside:end]
    return Body(text[inside:end], first_line, rest, "second_tree" if second else None)


def _answer(text: str, defects: list[Defect], first_line: int) -> str | None:
    """The inside of the first `<answer>`; `first_line` is the number of the text's first line."""
    start = text.find("<answer>")
    if start < 0:
        defects.append(Defect(0, "no_answer"))
        return None
    inside = start + len("<answer>")
    end = text.find("</answer>", inside)
    line = first_line + text.count("\n", 0, start)
    if end < 0:
        defects.append(Defect(line, "unclosed_answer"))
        return text[inside:].strip()
    if "<answer>" in text[end:] or "<answer>" in text[inside:end]:
        defects.append(Defect(line, "several_answers"))
    return text[inside:end].strip()


class _Builder:
    """Reads the lines of one tree, person by person."""

    def __init__(self, defects: list[Defect]) -> None:
        self.defects = defects
        self.persons: list[Person] = []
        self.lines: dict[tuple[int, str], int] = {}
        self.announced = False
        self.start_person()

    def start_person(self) -> None:
        self.level = ""
        self.seen_levels: list[str] = []
        self.attributes: dict[str, Attribute] = {}
        self.expressions: dict[str, tuple[Expression, int]] = {}
        self.emotions: dict[str, tuple[Emotion, int]] = {}

    def read(self, body: Body) -> AffectiveTree:
        lines = body.text.split("\n")
        last = body.first_line + len(lines) - 1
        beside_tags = (body.first_line, 0 if body.defect == "unclosed_tree" else last)
        for number, raw in enumerate(lines, start=body.first_line):
            if not raw and number in (body.first_line, last):
                continue
            line = read_line(raw)
            if not (self.take(line, number) and line.whole):
                self.defects.append(Defect(number, "unknown_line", raw.strip()[:80]))
            elif not line.well_spelled or number in beside_tags:
                self.defects.append(Defect(number, "spelling", raw.strip()[:80]))
        self.end_person(last)
        return AffectiveTree(tuple(self.persons))

    def take(self, line: Line, number: int) -> bool:
        """Add what a line says; returns whether it says anything where it stands."""
        if line.node is not None:
            if line.level != self.level:
                return False
            self.add(line.node, number)
        elif line.kind == "level":
            self.open_level(line.level, number)
        elif line.kind == "person":
            if self.announced or self.seen_levels:
                self.end_person(number)
            self.announced = True
        return line.kind != "unknown"

    def open_level(self, level: str, number: int) -> None:
        expected = LEVELS[len(self.seen_levels)] if len(self.seen_levels) < len(LEVELS) else ""
        if level != expected:
            self.defects.append(Defect(number, "level_order", level))
        self.seen_levels.append(level)
        self.level = level

    def add(self, node: TreeNode, number: int) -> None:
        key = len(self.persons), node.id
        if key in self.lines:
            self.defects.append(Defect(number, "duplicate_id", node.id))
            return
        self.lines[key] = number
        if isinstance(node, Attribute):
            self.attributes[node.id] = node
        elif isinstance(node, Expression):
            self.expressions[node.id] = (node, number)
        else:
            self.emotions[node.id] = (node, number)

    def end_person(self, number: int) -> None:
        """Check what only a whole person shows, and keep the person."""
        for level in LEVELS:
            if level not in self.seen_levels:
                self.defects.append(Defect(number, "missing_level", level))
        for level, nodes in zip(LEVELS, (self.attributes, self.expressions, self.emotions), strict=True):
            if level in self.seen_levels and not nodes:
                self.defects.append(Defect(number, "empty_level", level))
        used: set[str] = set()
        for node, line in self.expressions.values():
            self.check_references(node.rests_on, self.attributes, line)
        for emotion, line in self.emotions.values():
            self.check_references(emotion.rests_on, self.expressions, line)
            used.update(emotion.rests_on)
        for node_id, (_, line) in self.expressions.items():
            if node_id not in used:
                self.defects.append(Defect(line, "orphan_expression", node_id))
        person = Person(
            tuple(self.attributes.values()),
            tuple(node for node, _ in self.expressions.values()),
            tuple(node for node, _ in self.emotions.values()),
        )
        self.persons.append(person)
        self.start_person()

    def check_references(self, ids: tuple[str, ...], below: Mapping[str, object], line: int) -> None:
        if not ids:
            self.defects.append(Defect(line, "no_evidence"))
        for unknown in (i for i in ids if i not in below):
            self.defects.append(Defect(line, "unknown_reference", unknown))
