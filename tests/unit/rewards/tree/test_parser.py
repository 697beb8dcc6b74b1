"""Parser and writer of the affective tree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person, to_node
from rewards.tree.parser import parse
from rewards.tree.writer import write

GOOD = """<tree>
attribute
a1 hair color: brown
a2 eyebrow angle: lowered
expression
e1 scowl < a2
emotion
m1 angry (strong) < e1
</tree>
<answer>Angry</answer>"""

words = st.text("abcdefghij", min_size=1, max_size=6)


@st.composite
def persons(draw: st.DrawFn) -> Person:
    attributes = tuple(Attribute(f"a{n}", draw(words), draw(words)) for n in range(1, draw(st.integers(1, 4)) + 1))
    leaf_ids = st.lists(st.sampled_from([a.id for a in attributes]), unique=True, max_size=3)
    expressions = tuple(Expression(f"e{n}", draw(words), tuple(draw(leaf_ids))) for n in range(1, draw(st.integers(1, 3)) + 1))
    middle_ids = st.lists(st.sampled_from([e.id for e in expressions]), unique=True, max_size=3)
    strength = st.sampled_from([None, "weak", "strong"])
    emotions = tuple(Emotion(f"m{n}", draw(words), draw(strength), tuple(draw(middle_ids))) for n in range(1, 3))
    return Person(attributes, expressions, emotions)


def test_a_good_rationale_has_no_defects() -> None:
    parsed = parse(GOOD)
    assert parsed.defects == ()
    assert parsed.answer == "Angry"
    (person,) = parsed.tree.persons
    assert person.emotions == (Emotion("m1", "angry", "strong", ("e1",)),)
    assert person.expressions == (Expression("e1", "scowl", ("a2",)),)


def test_defects_name_kind_and_line() -> None:
    broken = GOOD.replace("e1 scowl < a2", "e1 scowl < a9").replace("a1 hair color: brown", "brown hair")
    found = {(d.kind, d.line) for d in parse(broken).defects}
    assert ("unknown_reference", 6) in found
    assert ("unknown_line", 3) in found


def test_a_cut_off_rationale_keeps_what_was_written() -> None:
    parsed = parse(GOOD[: GOOD.index("emotion")])
    assert len(list(parsed.tree.attributes())) == 2
    assert {"unclosed_tree", "missing_level", "no_answer"} <= {d.kind for d in parsed.defects}


@given(st.lists(persons(), min_size=1, max_size=3))
def test_writing_and_parsing_are_inverse(people: list[Person]) -> None:
    tree = AffectiveTree(tuple(people))
    parsed = parse(write(tree, "happy"))
    assert parsed.tree == tree
    assert parsed.answer == "happy"


@given(st.text() | st.lists(st.sampled_from(["<tree>", "</tree>", "a1 x: y", "e1 z < a1", "m1 happy < e1", "\n"])).map("".join))
@settings(max_examples=400)
def test_the_parser_is_total(text: str) -> None:
    to_node(parse(text).tree)


def test_a_megabyte_of_tags_is_read_in_linear_time() -> None:
    assert parse("<tree>\n" * 150_000).defects


def test_first_parent_takes_a_shared_node_and_siblings_are_sorted() -> None:
    shared = Expression("e1", "b", ("a1",)), Expression("e2", "a", ("a1",))
    person = Person((Attribute("a1", "x", "y"),), shared, (Emotion("m1", "sad", None, ("e2", "e1")),))
    (root,) = to_node(AffectiveTree((person,))).children[0].children
    assert [(child.label, len(child.children)) for child in root.children] == [("expression a", 0), ("expression b", 1)]
