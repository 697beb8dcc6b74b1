"""The parser of rationales takes any text, and tells what is wrong with it and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.nodes import Emotion, Expression, to_node
from rewards.tree.parser import Defect, parse
from tests.unit.rewards.rationales import GOOD


def test_a_good_rationale_has_no_defects() -> None:
    parsed = parse(GOOD)
    assert parsed.defects == ()
    assert parsed.answer == "Angry"
    (person,) = parsed.tree.persons
    assert person.emotions == (Emotion("m1", "angry", "strong", ("e1",)),)
    assert person.expressions == (Expression("e1", "scowl", ("a2",)),)


def test_lines_of_nodes_count_from_one_in_the_whole_text() -> None:
    assert parse(f"Words before.\n{GOOD}").lines == {(0, "a1"): 4, (0, "a2"): 5, (0, "e1"): 7, (0, "m1"): 9}
    two = "<tree>\nperson 1\nattribute\na1 x: y\nperson 2\nattribute\na1 x: y\n</tree>"
    assert parse(two).lines == {(0, "a1"): 4, (1, "a1"): 7}


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        (GOOD, "words", Defect(0, "no_tree")),
        ("</tree>\n", "", Defect(1, "unclosed_tree")),
        ("<answer>", "<tree></tree><answer>", Defect(1, "second_tree")),
        ("<answer>Angry</answer>", "", Defect(0, "no_answer")),
        ("</answer>", "", Defect(10, "unclosed_answer")),
        ("</answer>", "</answer><answer>sad</answer>", Defect(10, "several_answers")),
        ("expression\n", "", Defect(5, "unknown_line", "e1 scowl < a2")),
        ("attribute\na1", "expression\na1", Defect(2, "level_order", "expression")),
        ("attribute\na1 hair color: brown\na2 eyebrow angle: lowered\n", "", Defect(6, "missing_level", "attribute")),
        ("a1 hair color: brown\na2 eyebrow angle: lowered\n", "", Defect(7, "empty_level", "attribute")),
        ("a1 hair color: brown", "brown hair", Defect(3, "unknown_line", "brown hair")),
        ("a2 eyebrow", "a1 eyebrow", Defect(4, "duplicate_id", "a1")),
        ("< a2", "< a9", Defect(6, "unknown_reference", "a9")),
        ("< a2", "", Defect(6, "no_evidence")),
        ("< e1", "", Defect(6, "orphan_expression", "e1")),
    ],
)
def test_a_defect_has_its_kind_line_and_text(old: str, new: str, defect: Defect) -> None:
    parsed = parse(GOOD.replace(old, new))
    assert defect in parsed.defects
    assert parsed.has("never", defect.kind)
    assert not parsed.has("never")


def test_a_cut_off_rationale_keeps_what_was_written() -> None:
    parsed = parse(GOOD[: GOOD.index("emotion")])
    assert len(list(parsed.tree.attributes())) == 2
    assert {"unclosed_tree", "missing_level", "no_answer"} <= {d.kind for d in parsed.defects}


@given(st.text() | st.lists(st.sampled_from(["<tree>", "</tree>", "a1 x: y", "e1 z < a1", "m1 happy < e1", "\n"])).map("".join))
@settings(max_examples=400)
def test_the_parser_is_total(text: str) -> None:
    to_node(parse(text).tree)


@pytest.mark.timeout(60)
def test_a_megabyte_of_tags_is_read_in_linear_time() -> None:
    assert parse("<tree>\n" * 150_000).defects
