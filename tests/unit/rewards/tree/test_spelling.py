"""Other spellings of a tree are read as the tree, losing nothing, and each such line is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.lines import line_levels
from rewards.tree.nodes import LEVELS, Attribute, Emotion, Expression
from rewards.tree.parser import Defect, parse
from rewards.tree.spelling import Line, node_line, read_line
from rewards.tree.writer import rationale_grammar, write
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.tree.trees import affective_trees

A1, E1, M1 = Attribute("a1", "hair", "brown"), Expression("e1", "scowl", ("a1", "a2")), Emotion("m1", "angry", "strong", ("e1",))
ATTRIBUTES = (
    *("- a1 hair: brown", "* a1 hair: brown", "• a1 hair: brown", "+ a1 hair: brown", "> a1 hair: brown", "1. a1 hair: brown"),
    *("a1. hair: brown", "a1) hair: brown", "a1: hair: brown", "(a1) hair: brown", "[a1] hair: brown", "a1 - hair: brown"),
    *("A1 hair: brown", "a01 hair: brown", "a1:hair: brown", "a1\thair: brown", "  a1 hair: brown", "a1  hair: brown"),
    *("**a1** hair: brown", "- **a1:** hair: brown", "**a1 hair: brown**", "a1 **hair**: **brown**", "a1 `hair`: `brown`"),
    *(
        "a1 hair:brown",
        "a1 hair : brown",
        "a1 hair：brown",
        "a1 hair: brown.",
        "a1 hair: brown;",
        "a1 hair: brown。",
        "*a1* hair: brown",
    ),
    *("a1 hair: brown\r", "a1 hair: brown  ", "a1\u3000hair: brown", "a1 – hair: brown.", "- A1. **hair:** brown,\r"),
)
EXPRESSIONS = (
    *(
        "e1 scowl < a1, a2",
        "e1 scowl <- a1 a2",
        "e1 scowl ← a1 a2",
        "e1 scowl <a1,a2",
        "e1 scowl < a1 and a2",
        "e1 scowl<-- a1;a2",
    ),
    *(
        "E1: scowl. < A1 & A2.",
        "e1 scowl <= a1/a2",
        "e1 scowl < (a1, a2)",
        "e1 **scowl** < **a1**, **a2**",
        "e1 scowl < [a1] [a02]",
    ),
    *("- e1 scowl < a1 a2 a1", "e1 scowl ←a1、a2"),
)
EMOTIONS = (
    *(
        "m1 angry(strong) < e1",
        "m1 angry （strong） < e1",
        "m1 **angry** (strong). < e1",
        "m1 angry. (strong) < E1",
        "M1) angry (strong) ← e01",
    ),
    *("m1 **angry (strong)** < e1", "m1 angry (strong.)<e1,"),
)
HEADERS = (
    "Attribute",
    "ATTRIBUTES",
    "Attributes:",
    "attribute:",
    "**attribute**",
    "**Attributes:**",
    "## Attributes",
    "1. Attributes",
)
HEADERS += (
    "- attribute",
    "[Attribute]",
    "attribute.",
    "attribute\r",
    " attribute",
    "attributes：",
    "`attribute`",
    "=== Attributes ===",
)
PERSONS = (
    "Person 1",
    "Person 1:",
    "**Person 1**",
    "PERSON 1",
    "person1",
    "Person #1.",
    "### Person 01:",
    "person  1",
    "person_1\r",
)
BLANKS = ("", " ", "\r", "---", "```", "* * *", "===", "- ")


@pytest.mark.parametrize(
    ("line", "node"), [(x, A1) for x in ATTRIBUTES] + [(x, E1) for x in EXPRESSIONS] + [(x, M1) for x in EMOTIONS]
)
def test_a_node_in_another_spelling(line: str, node: Attribute | Expression | Emotion) -> None:
    read = read_line(line)
    assert (read.kind, read.node, read.whole, read.well_spelled) == ("node", node, True, False)
    assert read_line(node_line(node)) == Line("node", read.level, node, whole=True, well_spelled=True)


def test_headers_in_another_spelling() -> None:
    assert {read_line(line) for line in HEADERS} == {Line("level", "attribute")}
    assert read_line("emotions") == Line("level", "emotion")
    assert read_line("expression") == Line("level", "expression", well_spelled=True)
    assert {read_line(line) for line in PERSONS} == {Line("person")}
    assert read_line("person 1") == Line("person", well_spelled=True)
    assert {read_line(line) for line in BLANKS} == {Line("blank")}


@pytest.mark.parametrize(
    "line",
    [
        *("The attribute is brown hair.", "attribute: brown hair", "attribute 1", "person", "person 1 is angry", "a person 1"),
        *("a1", "a1.", "a1 brown hair", "a1: brown", "a hair: brown", "x1 hair: brown", "a1234567 hair: brown", "a1hair: brown"),
        *("e1", "e1 < a1", "m1 <", "m1: < e1", "- hair: brown", "emotional", "3 emotions", "</attribute>", "b1. hair: brown"),
        *("a1 : brown", "a1 hair:", "²", "a² hair: brown", "expreſſion", "A happy person.", "e.g. hair: brown", "am 1: brown"),
    ],
)
def test_prose_is_no_node(line: str) -> None:
    assert read_line(line) == Line("unknown", whole=False)


def test_what_a_line_loses_is_told() -> None:
    read = read_line("e1 scowl < a1 brows")
    assert (read.node, read.whole) == (Expression("e1", "scowl", ("a1",)), False)
    parsed = parse(GOOD.replace("e1 scowl < a2", "e1 scowl < a2 brows"))
    assert parsed.defects == (Defect(6, "unknown_line", "e1 scowl < a2 brows"),)


def test_an_emotion_in_parentheses_and_an_empty_intensity_lose_nothing() -> None:
    assert read_line("m1 (angry) < e1").node == Emotion("m1", "angry", None, ("e1",))
    assert read_line("m1 angry () < e1").node == Emotion("m1", "angry", None, ("e1",))


def test_a_spelling_is_a_defect_with_its_line() -> None:
    parsed = parse(GOOD.replace("attribute\n", "Attributes:\n\n").replace("e1 scowl < a2", "- e1. scowl ← A2."))
    assert (parsed.tree, parsed.answer) == (parse(GOOD).tree, "Angry")
    assert parsed.defects == (
        Defect(2, "spelling", "Attributes:"),
        Defect(3, "spelling", ""),
        Defect(7, "spelling", "- e1. scowl ← A2."),
    )


def test_nothing_stands_beside_a_tag() -> None:
    parsed = parse(GOOD.replace("<tree>\n", "<tree>").replace("\n</tree>", "</tree>"))
    assert parsed.tree == parse(GOOD).tree
    assert [(defect.line, defect.kind) for defect in parsed.defects] == [(1, "spelling"), (7, "spelling")]
    assert parse(GOOD[: GOOD.index("\n</tree>")]).has("spelling") is False


def test_one_id_in_two_spellings_is_one_id() -> None:
    parsed = parse(GOOD.replace("a2 eyebrow", "- A01. eyebrow"))
    assert [defect.text for defect in parsed.defects if defect.kind == "duplicate_id"] == ["a1"]


BULLETS = ("", "- ", "* ", "• ", "1. ", "  ", "\t", "> ")
BEHIND_IDS = (" ", ". ", ") ", ": ", "\t", "  ", " - ", "：", "** ")
COLONS = (": ", ":", " : ", "：", ":\t", "**: ")
ARROWS = (" < ", "<", " <- ", " ← ", " <", ". < ", " <= ")
BETWEEN = (" ", ", ", ",", " and ", "; ", "  ")
ENDS = ("", ".", " ", ";", "\r", "**", ".\r")


@st.composite
def misspelt(draw: st.DrawFn) -> tuple[str, list[str], list[int]]:
    """A canonical text, lines that say the same, and the place of each canonical line among them."""
    tree = draw(affective_trees)
    text = write(tree, "happy")
    lines: list[str] = []
    places = []
    one_of = st.sampled_from
    for line in text.split("\n"):
        if lines and "</tree>" not in lines:
            lines += draw(st.lists(one_of(BLANKS), max_size=1))
        places.append(len(lines))
        if line in LEVELS:
            line = (
                draw(one_of(HEADERS))
                .replace("Attribute", line.capitalize())
                .replace("attribute", line)
                .replace("ATTRIBUTE", line.upper())
            )
        elif line.startswith("person"):
            line = draw(one_of(PERSONS))
        elif node := re.fullmatch(r"([aem])(\d+) ([a-z]+)(?:: ([a-z]+))?(?: \((\w+)\))?(?: < (.+))?", line):
            letter, number, name, value, strength, references = node.groups()
            line = draw(one_of(BULLETS)) + draw(one_of((letter, letter.upper()))) + draw(one_of(("", "0"))) + number
            line += draw(one_of(BEHIND_IDS)) + name
            line += draw(one_of(COLONS)) + value if value else ""
            line += draw(one_of((" ({})", "({})", "（{}）", " ( {} )"))).format(strength) if strength else ""
            line += draw(one_of(ARROWS)) + draw(one_of(BETWEEN)).join(references.split()) if references else ""
            line += draw(one_of(ENDS))
        lines.append(line)
    return text, lines, places


@given(misspelt())
@settings(max_examples=300, deadline=None)
def test_any_mix_of_spellings_is_the_same_rationale(drawn: tuple[str, list[str], list[int]]) -> None:
    text, lines, places = drawn
    canonical, found = parse(text), parse("\n".join(lines))
    assert (found.tree, found.answer) == (canonical.tree, canonical.answer)
    assert found.lines == {key: places[line - 1] + 1 for key, line in canonical.lines.items()}
    assert [d.kind for d in found.defects if d.kind != "spelling"] == [d.kind for d in canonical.defects]
    changed = {number for number, line in enumerate(lines) if number not in places}
    changed |= {place for place, line in zip(places, text.split("\n"), strict=True) if lines[place] != line}
    assert {d.line - 1 for d in found.defects if d.kind == "spelling"} == changed
    levels = line_levels("\n".join(lines))
    assert {places[line]: level for line, level in line_levels(text).items()} == {p: levels[p] for p in places if p in levels}


def test_what_the_grammar_allows_is_well_spelled() -> None:
    """The grammar of structured outputs, as one regular expression."""
    rules = dict(re.findall(r"^([\w-]+) ::= (.*)$", rationale_grammar(), re.MULTILINE))
    pieces = re.compile(r'"((?:[^"\\]|\\.)*)"|(\[(?:[^]\\]|\\.)*\])|([\w-]+)|(\s+)')

    def expression(rule: str) -> str:
        def piece(found: re.Match[str]) -> str:
            text, characters, name, _ = found.groups()
            return re.escape(text.replace("\\n", "\n")) if text else characters or (f"(?:{expression(name)})" if name else "")

        return pieces.sub(piece, rules[rule])

    @given(st.from_regex(expression("root"), fullmatch=True))
    @settings(max_examples=50, deadline=None)
    def check(text: str) -> None:
        assert {d.kind for d in parse(text).defects} <= {"unknown_reference", "orphan_expression", "duplicate_id", "spelling"}
        for defect in parse(text).defects:
            if defect.kind == "spelling":
                ids = text.split("\n")[defect.line - 1].rpartition(" < ")[2].split()
                assert len(ids) > len(set(ids))  # a grammar cannot say that an id is named once

    check()
