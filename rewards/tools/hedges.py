"""Hedges: completions that bet on two truths at once, beside the honest one that says the likelier.

A policy that is right with some certainty gets, on the average, that share of what it earns where it is right and the rest of
what it earns where it is wrong. A hedge must get less at every certainty from one half on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rewards.mix import RewardMix
from rewards.tools.reward_hacks import ANSWER, GOLD, WRONG, Case, rewards_of
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.writer import write

CERTAINTIES = (0.5, 0.6, 0.7, 0.8, 0.9)
_PERSON = GOLD.persons[0]
_BINARY = ("eyeglasses", "hat", "beard", "bangs", "mask", "teeth")
"""Aspects whose value is yes or no."""


@dataclass(frozen=True)
class Truth:
    """What may be true of a clip."""

    tree: AffectiveTree
    answer: str


@dataclass(frozen=True)
class Hedge:
    """A bet on two truths."""

    name: str
    what: str
    completion: str
    likelier: Truth
    other: Truth


@dataclass(frozen=True)
class Odds:
    """What a hedge and the honest answer earn at one certainty."""

    certainty: float
    honest: float
    hedge: float

    @property
    def pays(self) -> bool:
        """Whether the hedge earns as much as the honest answer or more."""
        return self.hedge >= self.honest - 1e-9


def hedge_odds(mix: RewardMix, hedge: Hedge) -> list[Odds]:
    """What a hedge and the honest answer earn at each of `CERTAINTIES`. A sample that cannot be scored earns nothing."""
    cases = [
        Case("honest", write(hedge.likelier.tree, hedge.likelier.answer), ""),
        Case(hedge.name, hedge.completion, hedge.what),
    ]
    (honest_right, hedge_likelier), (honest_wrong, hedge_other) = (
        [value or 0.0 for value in rewards_of(mix, cases, truth.tree, truth.answer)] for truth in (hedge.likelier, hedge.other)
    )
    return [Odds(p, p * honest_right + (1 - p) * honest_wrong, p * hedge_likelier + (1 - p) * hedge_other) for p in CERTAINTIES]


def hedges() -> list[Hedge]:
    """Hedges on the emotion, on attributes, on expressions, on edges and on who is there."""
    return [*_on_the_emotion(), *_on_attributes(), *_on_expressions()]


def _on_the_emotion() -> list[Hedge]:
    a, b = Truth(GOLD, ANSWER), Truth(_with_root(WRONG), WRONG)
    both = _with_roots(ANSWER, WRONG)
    single, other = write(a.tree, a.answer), write(b.tree, b.answer)
    people = AffectiveTree((*a.tree.persons, *b.tree.persons))
    said: Mapping[str, tuple[str, str]] = {
        "two roots": ("both emotions in one tree, one answer", write(both, ANSWER)),
        "two roots, two answers": ("both emotions in tree and answer", write(both, f"{ANSWER}, {WRONG}")),
        "tree against answer": ("one in the tree, the other in the answer", write(a.tree, WRONG)),
        "answer against tree": ("the other way round", write(b.tree, ANSWER)),
        "two persons": ("one person with each", write(people, ANSWER)),
        "two trees": ("a tree for each", f"{single}\n{other}"),
        "two answers": ("an answer for each", f"{single}\n<answer>{WRONG}</answer>"),
        "one answer with both": ("the answer names both", write(a.tree, f"{ANSWER}, {WRONG}")),
        "one answer with or": ("the answer leaves it open", write(a.tree, f"{ANSWER} or {WRONG}")),
    }
    return [Hedge(name, what, text, a, b) for name, (what, text) in said.items()]


def _on_attributes() -> list[Hedge]:
    def truth(values: Callable[[str], str], aspects: Sequence[str]) -> Truth:
        attributes = tuple(Attribute(f"a{n}", aspect, values(aspect)) for n, aspect in enumerate(aspects, 1))
        return Truth(AffectiveTree((_resting(attributes),)), ANSWER)

    found = []
    for name, aspects in (("one binary leaf", _BINARY[:1]), ("all binary leaves", _BINARY)):
        likelier = truth(lambda _: "yes", _BINARY)
        other = truth(lambda aspect, uncertain=aspects: "no" if aspect in uncertain else "yes", _BINARY)  # type: ignore[misc]
        pairs = [(aspect, value) for aspect in _BINARY for value in (("yes", "no") if aspect in aspects else ("yes",))]
        both = _resting(tuple(Attribute(f"a{n}", aspect, value) for n, (aspect, value) in enumerate(pairs, 1)))
        found.append(Hedge(name, "yes and no as two leaves", write(AffectiveTree((both,)), ANSWER), likelier, other))
    return found


def _on_expressions() -> list[Hedge]:
    found = []
    for name, count in (("one expression", 1), ("all expressions", len(_PERSON.expressions))):
        renamed = tuple(replace(e, name=f"other {e.name}") if place < count else e for place, e in enumerate(_PERSON.expressions))
        more = tuple(replace(e, id=f"e{n}") for n, e in enumerate((*_PERSON.expressions, *renamed[:count]), 1))
        both = replace(_PERSON, expressions=more, emotions=_all(more))
        other = replace(_PERSON, expressions=renamed)
        text = write(AffectiveTree((both,)), ANSWER)
        truths = Truth(GOLD, ANSWER), Truth(AffectiveTree((other,)), ANSWER)
        found.append(Hedge(name, "a second name beside it", text, *truths))
    moved = replace(_PERSON, expressions=(replace(_PERSON.expressions[0], rests_on=("a1", "a2")), *_PERSON.expressions[1:]))
    wide = (replace(_PERSON.expressions[0], rests_on=("a1", "a2", "a3", "a4")), *_PERSON.expressions[1:])
    text = write(AffectiveTree((replace(_PERSON, expressions=wide),)), ANSWER)
    edges = Hedge(
        "edges of one expression", "on all that it may rest on", text, Truth(GOLD, ANSWER), Truth(AffectiveTree((moved,)), ANSWER)
    )
    return [*found, edges]


def _resting(attributes: tuple[Attribute, ...]) -> Person:
    """A person whose one expression rests on all attributes."""
    look = Expression("e1", "look", tuple(a.id for a in attributes))
    return Person(attributes, (look,), _all((look,)))


def _all(expressions: Sequence[Expression]) -> tuple[Emotion, ...]:
    return (Emotion("m1", ANSWER, None, tuple(e.id for e in expressions)),)


def _with_root(label: str) -> AffectiveTree:
    return AffectiveTree((replace(_PERSON, emotions=tuple(replace(m, label=label) for m in _PERSON.emotions)),))


def _with_roots(*labels: str) -> AffectiveTree:
    resting = _PERSON.emotions[0].rests_on
    roots = tuple(Emotion(f"m{n}", label, None, resting) for n, label in enumerate(labels, 1))
    return AffectiveTree((replace(_PERSON, emotions=roots),))
