"""Random trees for hypothesis, and two of another tree's properties."""

import random

from hypothesis import strategies as st

from rewards.tree.edit_distance import Costs
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Node, Person

nodes = st.recursive(
    st.sampled_from("abc").map(Node),
    lambda children: st.builds(Node, st.sampled_from("abc"), st.lists(children, max_size=4).map(tuple)),
    max_leaves=14,
)
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


affective_trees = st.lists(persons(), min_size=1, max_size=3).map(lambda people: AffectiveTree(tuple(people)))

odd_texts = st.lists(
    st.sampled_from(
        ["a", "B", "1", " ", ".", ",", ":", "：", "*", "`", "-", "- ", "<", "←", "(", ")", "（", "\n", "\r", "\t", "\u3000", "e1"]
    )
    | st.sampled_from(["a1", "a01 x: y", "attribute", "Person 1:", "and", "<tree>", "</tree>", "<answer>", "。", "²", ""]),
    max_size=4,
).map("".join)
odd_ids = st.sampled_from(
    ["a1", "a2", "e1", "e2", "m1", "a0", "a999999", "a01", "A1", "x1", "a", "", "a1234567", "a1 ", "a1 a2", "a1\n", "²1"]
)


@st.composite
def odd_persons(draw: st.DrawFn) -> Person:
    text, ids = st.just("x") | odd_texts, st.lists(odd_ids, max_size=2).map(tuple)
    strength = st.none() | text
    return Person(
        tuple(Attribute(draw(st.just("a1") | odd_ids), draw(text), draw(text)) for _ in range(draw(st.integers(0, 2)))),
        tuple(Expression(draw(st.just("e1") | odd_ids), draw(text), draw(ids)) for _ in range(draw(st.integers(0, 2)))),
        tuple(
            Emotion(draw(st.just("m1") | odd_ids), draw(text), draw(strength), draw(ids)) for _ in range(draw(st.integers(0, 2)))
        ),
    )


odd_trees = st.lists(odd_persons(), max_size=2).map(lambda people: AffectiveTree(tuple(people)))
"""Trees of which few can be written."""

COSTS = Costs(insert=0.5, delete=0.75, change=lambda one, other: 0.3 if {one, other} == {"a", "b"} else 2.0)
"""Costs that are not alike, and for which changing `c` costs more than a deletion and an insertion."""


MANY_COSTS = (
    Costs(),
    COSTS,
    Costs(change=3.0),
    Costs(insert=2, delete=1, change=9),
    Costs(insert=2.0, delete=0.1, change=1.5),
    Costs(change=lambda one, other: 0.1 if one < other else 7.0),
    Costs(insert=1e-9, delete=3e-9, change=2e-9),
    Costs(insert=1e-7, delete=1.0, change=0.7),
)
"""Costs of every kind: changes dearer than a deletion and an insertion, one-sided ones, whole numbers, tiny ones."""


def shuffled(node: Node, rng: random.Random) -> Node:
    """The tree with its siblings in another order."""
    children = [shuffled(child, rng) for child in node.children]
    rng.shuffle(children)
    return Node(node.label, tuple(children))


def canonical(node: Node) -> tuple:
    """The same for trees that differ in nothing but the order of siblings."""
    return node.label, tuple(sorted(canonical(child) for child in node.children))
