"""One person of a completion beside the one of the gold tree: which nodes are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from rewards.tree.nodes import Emotion, Person
from rewards.tree.reference import ReferencePerson, edges_of
from rewards.tree.taxonomy import fold
from rewards.tree.verdicts import JudgedNode, JudgedRoot, Tally


class JudgedPerson:
    """A stated person and what is right of it."""

    def __init__(self, person: Person, place: int, true: ReferencePerson) -> None:
        """
        Args:
            person: as stated.
            place: place in the gold tree of the person that it is, or one after the last.
            true: that person.
        """
        self.person, self.place, self.true = person, place, true
        self.covered = true.covered
        self.right: dict[str, bool | None] = {}
        """Id of an attribute or expression -> whether it is right; None if the gold tree does not cover it."""
        self.attributes = self._judge_attributes()
        self.expressions = self._judge_expressions()
        self.edges = self._judge_edges()
        self.roots = self._judge_roots() if self.covered.root else []

    def comparable(self) -> Person:
        """What of it can be compared with the gold tree. An intensity can where the gold tree states one of this emotion."""
        known = self.covered.only(self.person)
        true = self.true.roots
        if not any(m.intensity and not _states_intensity(true.get(fold(m.label))) for m in known.emotions):
            return known
        emotions = (m if _states_intensity(true.get(fold(m.label))) else replace(m, intensity=None) for m in known.emotions)
        return replace(known, emotions=tuple(emotions))

    def nodes(self, void: bool) -> Iterator[tuple[str, JudgedNode]]:
        """(id, node) of each of its nodes; `void` makes all emotions wrong."""
        for a in self.person.attributes:
            yield a.id, JudgedNode((self.place, "attribute", fold(a.aspect)), _value(self.right[a.id]))
        for number, e in enumerate(self.person.expressions):
            yield e.id, JudgedNode((self.place, "expression", number), _value(self.right[e.id]))
        for number, m in enumerate(self.person.emotions):
            value = None
            if self.covered.root:
                root = self.roots[number]
                value = float(root.right and root.linked and not void) * root.evidence
            yield m.id, JudgedNode((self.place, "emotion", number), value)

    def _judge_attributes(self) -> Tally:
        """An aspect that is stated more often than the gold tree has it counts for nothing, since it would be a hedge."""
        stated = [(a.id, fold(a.aspect), fold(a.value)) for a in self.person.attributes]
        times = Counter([aspect for _, aspect, _ in stated])
        leaves, aspects = self.true.leaves, self.true.aspects
        used: Counter[tuple[str, str]] = Counter()
        hits = found = 0
        for node_id, aspect, value in stated:
            if not self.covered.has_aspect(aspect):
                self.right[node_id] = None
                continue
            leaf = aspect, value
            right = times[aspect] <= aspects[aspect] and used[leaf] < leaves[leaf]
            used[leaf] += 1
            self.right[node_id] = right
            hits, found = hits + right, found + 1
        return Tally(hits, found, len(self.true.person.attributes))

    def _judge_expressions(self) -> Tally:
        if not self.covered.expressions:
            self.right.update((e.id, None) for e in self.person.expressions)
            return Tally()
        used: Counter[str] = Counter()
        hits = 0
        for e in self.person.expressions:
            name = fold(e.name)
            right = used[name] < self.true.names[name]
            used[name] += 1
            self.right[e.id] = right
            hits += right
        return Tally(hits, len(self.person.expressions), len(self.true.person.expressions))

    def _judge_edges(self) -> Tally:
        if not (self.covered.has_attributes() and self.covered.expressions):
            return Tally()
        found, true = edges_of(self.covered.only(self.person)), self.true.edges
        return Tally((found & true).total(), found.total(), true.total())

    def _judge_roots(self) -> list[JudgedRoot]:
        """Where the gold tree has one emotion, a second one makes both wrong."""
        left = dict(self.true.roots)
        hedged = len(left) == 1 < len(self.person.emotions)
        found = []
        for m in self.person.emotions:
            true = left.pop(fold(m.label), None)
            linked, evidence = self._evidence(m)
            found.append(JudgedRoot(true is not None and not hedged, _same_intensity(m, true), linked, evidence))
        return found

    def _evidence(self, m: Emotion) -> tuple[bool, float]:
        """(whether an emotion rests on an expression that rests on an attribute, how far what it rests on is right)."""
        resting = [e for e in self.person.expressions if e.id in m.rests_on]
        named = {i for e in resting for i in e.rests_on}
        leaves = [a.id for a in self.person.attributes if a.id in named]
        attributes = [right for i in leaves if (right := self.right[i]) is not None]
        expressions = [right for e in resting if (right := self.right[e.id]) is not None]
        if not self.covered.has_attributes():
            return bool(leaves), _share(expressions) * bool(leaves)
        return bool(leaves), _share(attributes) * _share(expressions) if attributes else 0.0


def _share(right: list[bool]) -> float:
    """Share that is right; 1 where nothing can be judged."""
    return sum(right) / len(right) if right else 1.0


def _value(right: bool | None) -> float | None:
    return None if right is None else float(right)


def _states_intensity(true: Emotion | None) -> bool:
    return true is not None and bool(true.intensity)


def _same_intensity(m: Emotion, true: Emotion | None) -> bool:
    asked = fold(true.intensity) if true and true.intensity else None
    return asked is None or (m.intensity is not None and fold(m.intensity) == asked)
