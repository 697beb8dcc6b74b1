"""Text -> affective tree: a parser that takes any text, in linear time. Its inverse is in `rewards/tree/writer.py`.

The grammar is in docs/affective-tree.md. `parse` never raises on model output: it returns the tree that it could read and
a list of defects with line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rewards.tree.nodes import LEVELS, AffectiveTree, Attribute, Emotion, Expression, Person

_PREFIX = {"attribute": "a", "expression": "e", "emotion": "m"}
_ID = re.compile(r"([aem])(\d{1,6})\s+(.*)", re.ASCII)
_PERSON = re.compile(r"person\s+\d{1,6}", re.ASCII)
_INTENSITY = re.compile(r"([^()]*)\(([^()]*)\)\s*")
_REFERENCE = re.compile(r"[aem]\d{1,6}", re.ASCII)


@dataclass(frozen=True)
class Defect:
    """One broken rule of the grammar."""

    line: int
    """Line in the whole text, from 1; 0 means the text as a whole."""
    kind: str
    """The rule, such as `unclosed_tree` or `no_evidence`."""
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
    defects: list[Defect] = []
    body, first_line, rest = _tree_body(text, defects)
    builder = _Builder(defects)
    tree = builder.read(body, first_line) if body is not None else AffectiveTree()
    answer = _answer(rest, defects, text.count("\n", 0, len(text) - len(rest)) + 1)
    return Parsed(tree, answer, tuple(defects), builder.lines)


def _tree_body(text: str, defects: list[Defect]) -> tuple[str | None, int, str]:
    """Split into (inside of the first tree or None, its first line number, text after it)."""
    start = text.find("<tree>")
    if start < 0:
        defects.append(Defect(0, "no_tree"))
        return None, 0, text
    first_line = text.count("\n", 0, start) + 1
    inside = start + len("<tree>")
    end = text.find("</tree>", inside)
    if end < 0:
        defects.append(Defect(first_line, "unclosed_tree"))
        cut = text.find("<answer>", inside)
        end = cut if cut >= 0 else len(text)
        return text[inside:end], first_line, text[end:]
    rest = text[end + len("</tree>") :]
    if "<tree>" in rest or "<tree>" in text[inside:end]:
        defects.append(Defect(first_line, "second_tree"))
    return text[inside:end], first_line, rest


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
        self.start_person()

    def start_person(self) -> None:
        self.level = ""
        self.seen_levels: list[str] = []
        self.attributes: dict[str, Attribute] = {}
        self.expressions: dict[str, tuple[Expression, int]] = {}
        self.emotions: dict[str, tuple[Emotion, int]] = {}

    def read(self, body: str, first_line: int) -> AffectiveTree:
        lines = body.split("\n")
        announced = False
        for number, raw in enumerate(lines, start=first_line):
            line = raw.strip()
            if not line:
                continue
            if _PERSON.fullmatch(line):
                if announced or self.seen_levels:
                    self.end_person(number)
                announced = True
            elif line in LEVELS:
                self.open_level(line, number)
            else:
                self.read_node(line, number)
        self.end_person(first_line + len(lines) - 1)
        return AffectiveTree(tuple(self.persons))

    def open_level(self, level: str, number: int) -> None:
        expected = LEVELS[len(self.seen_levels)] if len(self.seen_levels) < len(LEVELS) else ""
        if level != expected:
            self.defects.append(Defect(number, "level_order", level))
        self.seen_levels.append(level)
        self.level = level

    def read_node(self, line: str, number: int) -> None:
        match = _ID.fullmatch(line)
        if match is None or not self.level or match[1] != _PREFIX[self.level]:
            self.defects.append(Defect(number, "unknown_line", line[:80]))
            return
        node_id, content = match[1] + match[2], match[3].strip()
        if node_id in self.attributes or node_id in self.expressions or node_id in self.emotions:
            self.defects.append(Defect(number, "duplicate_id", node_id))
            return
        if self.level == "attribute":
            self.read_attribute(node_id, content, number)
        else:
            self.read_upper(node_id, content, number)

    def read_attribute(self, node_id: str, content: str, number: int) -> None:
        aspect, colon, value = content.partition(":")
        if not colon or not aspect.strip() or not value.strip():
            self.defects.append(Defect(number, "unknown_line", content[:80]))
            return
        self.lines[len(self.persons), node_id] = number
        self.attributes[node_id] = Attribute(node_id, aspect.strip(), value.strip())

    def read_upper(self, node_id: str, content: str, number: int) -> None:
        name, arrow, references = content.partition("<")
        ids = tuple(dict.fromkeys(references.split())) if arrow else ()
        bad = [i for i in ids if not _REFERENCE.fullmatch(i)]
        if bad or not name.strip():
            self.defects.append(Defect(number, "unknown_line", content[:80]))
        ids = tuple(i for i in ids if _REFERENCE.fullmatch(i))
        name = name.strip()
        if not name:
            return
        self.lines[len(self.persons), node_id] = number
        if self.level == "expression":
            self.expressions[node_id] = (Expression(node_id, name, ids), number)
            return
        strength = _INTENSITY.fullmatch(name)
        label, intensity = (strength[1].strip(), strength[2].strip() or None) if strength else (name, None)
        self.emotions[node_id] = (Emotion(node_id, label, intensity, ids), number)

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
