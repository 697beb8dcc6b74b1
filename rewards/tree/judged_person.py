"""One person of a completion beside the one of the gold tree: which nodes are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rewards.tree.coverage import Coverage, TreeCoverage
from rewards.tree.nodes import AffectiveTree, Emotion, Expression, Person
from rewards.tree.taxonomy import fold
from rewards.tree.verdicts import JudgedNode, JudgedRoot, Tally


@dataclass
class JudgedPerson:
    """One stated person beside the one of the gold tree; beside nobody if there is none."""

    person: Person
    place: int
    gold: AffectiveTree
    covered: TreeCoverage
    right: dict[str, bool | None] = field(default_factory=dict)
    """Id of an attribute or expression -> whether it is right."""

    def __post_init__(self) -> None:
        beyond = self.place - len(self.gold.persons)
        self.unknown = 0 <= beyond < self.covered.unknown
        if self.unknown:
            self.of, self.true = Coverage(frozenset(), False, False), Person()
        elif beyond >= 0:
            self.of, self.true = self.covered.others, Person()
        else:
            self.of = self.covered.persons[self.place]
            self.true = self.of.only(self.gold.persons[self.place])
        self.comparable = self._without_unasked_intensities(self.of.only(self.person))
        self.attributes = self._judge_attributes()
        self.expressions = self._judge_expressions()
        self.edges = self._judge_edges()
        self.roots = self._judge_roots() if self.of.root else []

    def _without_unasked_intensities(self, person: Person) -> Person:
        """An intensity counts only where the gold tree states one of this emotion."""
        asked = {fold(m.label) for m in self.true.emotions if m.intensity}
        emotions = (m if fold(m.label) in asked else replace(m, intensity=None) for m in person.emotions)
        return replace(person, emotions=tuple(emotions))

    def _judge_attributes(self) -> Tally:
        """An aspect that is stated more often than the gold tree has it counts for nothing, since it would be a hedge."""
        left = Counter((fold(a.aspect), fold(a.value)) for a in self.true.attributes)
        allowed = Counter(aspect for aspect, _ in left.elements())
        stated = Counter(fold(a.aspect) for a in self.person.attributes)
        hits = found = 0
        for a in self.person.attributes:
            aspect, value = fold(a.aspect), fold(a.value)
            if not self.of.has_aspect(aspect):
                self.right[a.id] = None
                continue
            right = stated[aspect] <= allowed[aspect] and left[aspect, value] > 0
            left[aspect, value] -= right
            self.right[a.id] = right
            hits, found = hits + right, found + 1
        return Tally(hits, found, len(self.true.attributes))

    def _judge_expressions(self) -> Tally:
        if not self.of.expressions:
            self.right.update((e.id, None) for e in self.person.expressions)
            return Tally()
        left = Counter(fold(e.name) for e in self.true.expressions)
        hits = 0
        for e in self.person.expressions:
            right = left[fold(e.name)] > 0
            left[fold(e.name)] -= right
            self.right[e.id] = right
            hits += right
        return Tally(hits, len(self.person.expressions), len(self.true.expressions))

    def _judge_edges(self) -> Tally:
        if not (self.of.has_attributes() and self.of.expressions):
            return Tally()
        found, true = _edges(self.comparable), _edges(self.true)
        return Tally((found & true).total(), found.total(), true.total())

    def _judge_roots(self) -> list[JudgedRoot]:
        """Where the gold tree has one emotion, a second one makes both wrong."""
        left = {fold(m.label): m for m in self.true.emotions}
        hedged = len(left) == 1 < len(self.person.emotions)
        found = []
        for m in self.person.emotions:
            true = left.pop(fold(m.label), None)
            found.append(
                JudgedRoot(true is not None and not hedged, _same_intensity(m, true), self._linked(m), self._evidence(m))
            )
        return found

    def nodes(self, void: bool) -> Iterator[tuple[str, JudgedNode]]:
        """(id, node) of each of its nodes; `void` makes all emotions wrong."""
        for a in self.person.attributes:
            yield a.id, JudgedNode((self.place, "attribute", fold(a.aspect)), _value(self.right[a.id]))
        for number, e in enumerate(self.person.expressions):
            yield e.id, JudgedNode((self.place, "expression", number), _value(self.right[e.id]))
        for number, m in enumerate(self.person.emotions):
            right = self.roots[number].right and self.roots[number].linked and not void if self.of.root else None
            yield m.id, JudgedNode((self.place, "emotion", number), _value(right))

    def _resting(self, m: Emotion) -> list[Expression]:
        return [e for e in self.person.expressions if e.id in m.rests_on]

    def _linked(self, m: Emotion) -> bool:
        attributes = {a.id for a in self.person.attributes}
        return any(attributes.intersection(e.rests_on) for e in self._resting(m))

    def _evidence(self, m: Emotion) -> float:
        if not self.of.has_attributes():
            return float(self._linked(m))
        resting = self._resting(m)
        leaves = {i for e in resting for i in e.rests_on}
        attributes = [self.right[a.id] for a in self.person.attributes if a.id in leaves and self.right[a.id] is not None]
        expressions = [self.right[e.id] for e in resting if self.right[e.id] is not None]
        judged = attributes + expressions
        return sum(map(bool, judged)) / len(judged) if attributes else 0.0


def _value(right: bool | None) -> float | None:
    return None if right is None else float(right)


def _edges(person: Person) -> Counter[tuple[str, str]]:
    aspects = {a.id: fold(a.aspect) for a in person.attributes}
    return Counter((aspects[i], fold(e.name)) for e in person.expressions for i in e.rests_on if i in aspects)


def _same_intensity(m: Emotion, true: Emotion | None) -> bool:
    asked = fold(true.intensity) if true and true.intensity else None
    return asked is None or (m.intensity is not None and fold(m.intensity) == asked)
