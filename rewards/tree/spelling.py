"""One line of a tree: how it is written, and what else is read as it. Parser, writer and `rewards/tree/lines.py` read here.

`node_line` is the only right spelling. Models that are not tuned yet write bullets, bold type, capitals, `Attributes:`, `a1.`,
`< a1, a2` or full stops; all of it is read without losing anything, and the parser tells each such line as a defect.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from rewards.tree.nodes import LEVELS, Attribute, Emotion, Expression

TreeNode = Attribute | Expression | Emotion

_LEVEL_OF = {"a": "attribute", "e": "expression", "m": "emotion"}
_SHORT = 200
"""Characters of the longest line that is remembered."""
_ID = re.compile(r"[aem](?:0|[1-9][0-9]{0,5})")
_IDS = re.compile(rf"{_ID.pattern}(?: {_ID.pattern})*")
_NODE = re.compile(rf"({_ID.pattern}) (?![-–—\s])(.+)")
_LOOSE_ID = re.compile(r"([aemAEM])0*([0-9]{1,6})")
_LOOSE_NODE = re.compile(rf"[(\[]?{_LOOSE_ID.pattern}(?:[*`.)\]:：]+\s*|\s+|(?=[-–—]\s))(?:[-–—]\s+)?(\S.*)")
_BULLET = re.compile(r"(?:[-*•·–—+#>`\s]|[0-9]{1,3}[.)]\s)*")
_PERSON = re.compile(r"person[\s_#]*0*([0-9]{1,6})")
_INTENSITY = re.compile(r"([^()（）]*)[(（]([^()（）]*)[)）]")
_BETWEEN_IDS = re.compile(r"[\s,;.&+/()\[\]*`，、；。]+")
_EMPHASIS = "*` "
_AROUND_HEADERS = _EMPHASIS + "\t#-–—•·+>:：.=_~|()[]（）【】"
_BEHIND_TEXTS = _EMPHASIS + ".,;:。，、；："


class Line(NamedTuple):
    """What a line is."""

    kind: Literal["level", "person", "node", "blank", "unknown"]
    level: str = ""
    """The level that it opens, or to which its node belongs."""
    node: TreeNode | None = None
    whole: bool = True
    """Whether all of it could be read."""
    well_spelled: bool = False
    """Whether it is written as it should be."""


_WRITTEN = {level: Line("level", level, well_spelled=True) for level in LEVELS}
_SPOKEN = {word: Line("level", level) for level in LEVELS for word in (level, f"{level}s")}
_BLANK, _UNKNOWN = Line("blank"), Line("unknown", whole=False)


def read_line(raw: str) -> Line:
    """Tell what a line is, in time linear in its length. A line of marks alone, such as `---`, is blank."""
    return _read_short(raw) if len(raw) <= _SHORT else _read(raw)


@lru_cache(maxsize=65_536)  # completions of one clip repeat each other's lines
def _read_short(raw: str) -> Line:
    return _read(raw)


def _read(raw: str) -> Line:
    node = _NODE.fullmatch(raw)
    if node:
        return _node(node[1], node[2], raw)
    if raw in _WRITTEN:
        return _WRITTEN[raw]
    plain = raw[_BULLET.match(raw).end() :].strip()  # type: ignore[union-attr] # it matches the empty text too
    node = _LOOSE_NODE.fullmatch(plain)
    if node:
        return _node(node[1].lower() + node[2], node[3], raw)
    word = plain.strip(_AROUND_HEADERS).lower()
    if not word:
        return _BLANK
    person = _PERSON.fullmatch(word)
    return Line("person", well_spelled=raw == f"person {person[1]}") if person else _SPOKEN.get(word, _UNKNOWN)


def _node(node_id: str, text: str, raw: str) -> Line:
    """The line of a node with this id, of what stands behind the id."""
    node: TreeNode | None
    if node_id[0] == "a":
        node, whole = _attribute(node_id, text), True
    else:
        name, _, references = text.partition("<")
        if "←" in name:
            name, _, references = text.partition("←")
        ids, whole = _references(references)
        node = (_expression if node_id[0] == "e" else _emotion)(node_id, _trimmed(name), ids)
    if node is None:
        return _UNKNOWN
    return Line("node", _LEVEL_OF[node_id[0]], node, whole, well_spelled=node_line(node) == raw)


def node_line(node: TreeNode) -> str:
    """The line that a node is written as."""
    if isinstance(node, Attribute):
        return f"{node.id} {node.aspect}: {node.value}"
    name = node.name if isinstance(node, Expression) else node.label
    strength = f" ({node.intensity})" if isinstance(node, Emotion) and node.intensity else ""
    return f"{node.id} {name}{strength}" + (f" < {' '.join(node.rests_on)}" if node.rests_on else "")


def _attribute(node_id: str, text: str) -> Attribute | None:
    aspect, colon, value = text.partition(":")
    if not colon or "：" in aspect:
        aspect, _, value = text.partition("：")
    aspect, value = _trimmed(aspect), _trimmed(value)
    return Attribute(node_id, aspect, value) if aspect and value else None


def _expression(node_id: str, name: str, ids: tuple[str, ...]) -> Expression | None:
    return Expression(node_id, name, ids) if name else None


def _emotion(node_id: str, name: str, ids: tuple[str, ...]) -> Emotion | None:
    if not name:
        return None
    strength = _INTENSITY.fullmatch(name) if name[-1] in ")）" else None
    if strength is None:
        return Emotion(node_id, name, None, ids)
    label, intensity = _trimmed(strength[1]), _trimmed(strength[2])
    if not label:  # `(angry)`: the parentheses are around the label
        return Emotion(node_id, intensity or name, None, ids)
    return Emotion(node_id, label, intensity or None, ids)


def _references(text: str) -> tuple[tuple[str, ...], bool]:
    """The ids that a text names, each once, and whether it names nothing else."""
    text = text.strip()
    if not text or _IDS.fullmatch(text):
        return tuple(dict.fromkeys(text.split())), True
    words = [word for word in _BETWEEN_IDS.split(text.lstrip("-=–—")) if word and word.lower() != "and"]
    ids = [_LOOSE_ID.fullmatch(word) for word in words]
    return tuple(dict.fromkeys(one[1].lower() + one[2] for one in ids if one)), all(ids)


def _trimmed(text: str) -> str:
    """A text without emphasis around it and marks behind it; a text of nothing but marks stays."""
    text = text.strip()
    return text.lstrip(_EMPHASIS).rstrip(_BEHIND_TEXTS).strip() or text
