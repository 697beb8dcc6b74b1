"""The tree as data, and the ordered tree on which it is compared."""

from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Node, Person, to_node
from rewards.tree.parser import parse
from tests.unit.rewards.rationales import GOOD

BROWN, LOW = Attribute("a1", "hair color", "brown"), Attribute("a2", "eyebrow angle", "lowered")


def test_the_compared_tree_of_a_rationale() -> None:
    leaves = (Node("attribute eyebrow angle: lowered"),)
    emotion = Node("emotion angry (strong)", (Node("expression scowl", leaves),))
    assert to_node(parse(GOOD).tree) == Node("video", (Node("person", (Node("attribute hair color: brown"), emotion)),))
    assert to_node(AffectiveTree()).size() == 1
    assert to_node(parse(GOOD).tree).size() == 6


def test_first_parent_takes_a_shared_node_and_siblings_are_sorted() -> None:
    shared = Expression("e1", "b", ("a1",)), Expression("e2", "a", ("a1",))
    person = Person((Attribute("a1", "x", "y"),), shared, (Emotion("m1", "sad", None, ("e2", "e1")),))
    (root,) = to_node(AffectiveTree((person,))).children[0].children
    assert [(child.label, len(child.children)) for child in root.children] == [("expression a", 0), ("expression b", 1)]


def test_what_no_node_names_hangs_under_its_person() -> None:
    person = Person((BROWN, LOW), (Expression("e1", "scowl", ("a2",)),), (Emotion("m1", "sad"),))
    labels = [child.label for child in to_node(AffectiveTree((person,))).children[0].children]
    assert labels == ["attribute hair color: brown", "emotion sad", "expression scowl"]


def test_nodes_of_all_persons() -> None:
    tree = AffectiveTree((Person((BROWN,)), Person((LOW,), (Expression("e1", "scowl"),), (Emotion("m1", "sad"),))))
    assert list(tree.attributes()) == [BROWN, LOW]
    assert [node.name for node in tree.expressions()] == ["scowl"]
    assert [node.label for node in tree.emotions()] == ["sad"]
    assert not tree.is_empty()
    assert AffectiveTree((Person(), Person())).is_empty()
