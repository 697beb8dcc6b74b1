"""Lines of a rationale by level, and the lines of its tokens."""

from hypothesis import given
from hypothesis import strategies as st

from rewards.tree.lines import NO_LINE, line_levels, token_lines
from tests.unit.rewards.rationales import GOOD


def test_headers_and_nodes_belong_to_their_level() -> None:
    expected = {1: "attribute", 2: "attribute", 3: "attribute", 4: "expression", 5: "expression", 6: "emotion", 7: "emotion"}
    assert line_levels(GOOD) == expected
    assert line_levels(f"before\n{GOOD}\n{GOOD}") == {line + 1: level for line, level in expected.items()}


def test_a_person_begins_without_a_level() -> None:
    assert line_levels("<tree>\nattribute\na1 x: y\nperson 2\nsomething\nemotion\n") == {
        1: "attribute",
        2: "attribute",
        5: "emotion",
    }


def test_a_token_belongs_to_the_line_of_its_first_byte() -> None:
    assert token_lines([b"a", b"\n", b"b\nc", b"", b"\xf0\x9f", b"\n\n", b"d"]) == [0, 0, 1, NO_LINE, 2, 2, 4]


@given(st.lists(st.binary(max_size=4), max_size=20))
def test_every_token_has_a_line_of_the_text(tokens: list[bytes]) -> None:
    last = b"".join(tokens).count(b"\n")
    lines = token_lines(tokens)
    assert len(lines) == len(tokens)
    assert all(line == NO_LINE if not token else 0 <= line <= last for token, line in zip(tokens, lines, strict=True))
