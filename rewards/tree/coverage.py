"""What a gold tree covers. Most published clips are labelled in part, and what nobody labelled is neither right nor wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.tree.nodes import AffectiveTree, Person
from rewards.tree.taxonomy import fold

_KEYS = ("aspects", "expressions", "root", "persons")


@dataclass(frozen=True)
class Coverage:
    """What the gold tree says of one person; the rest is unknown."""

    aspects: frozenset[str] | None
    """The aspects that it covers, folded; None for all that there are."""
    expressions: bool
    root: bool

    def has_aspect(self, aspect: str) -> bool:
        """Whether a folded aspect is covered."""
        return self.aspects is None or aspect in self.aspects

    def has_attributes(self) -> bool:
        """Whether any aspect is covered."""
        return self.aspects is None or bool(self.aspects)

    def only(self, person: Person) -> Person:
        """The nodes of a person that can be compared with the gold tree."""
        if self.expressions and self.root and all(self.has_aspect(fold(a.aspect)) for a in person.attributes):
            return person
        return Person(
            attributes=tuple(a for a in person.attributes if self.has_aspect(fold(a.aspect))),
            expressions=person.expressions if self.expressions else (),
            emotions=person.emotions if self.root else (),
        )


@dataclass(frozen=True)
class TreeCoverage:
    """What a gold tree says of everybody in the clip."""

    persons: tuple[Coverage, ...]
    """For each person of the gold tree."""
    others: Coverage
    """For a stated person that is none of them and does not exist: whatever is covered of anybody is wrong of that one."""
    unknown: int
    """How many people the clip shows besides those of the gold tree; what is said of them is not judged."""


def coverage(gold: AffectiveTree, covers: Mapping[str, Any] | None = None) -> TreeCoverage:
    """What a gold tree covers: by default, of each person, the aspects that it has and the levels of which it has a node.

    Args:
        gold: the gold tree.
        covers: the row's column `covers`, which must pass `covers_problem`: `aspects` (a list, or `all`), `expressions` and
            `root` (true or false), and `persons` (how many people the clip shows). A key that it lacks, or null, is the default.
    """
    stated = {key: value for key, value in (covers or {}).items() if value is not None}

    def of(persons: tuple[Person, ...]) -> Coverage:
        aspects: Any = stated.get("aspects", [a.aspect for person in persons for a in person.attributes])
        return Coverage(
            None if aspects == "all" else frozenset(fold(aspect) for aspect in aspects),
            stated.get("expressions", any(person.expressions for person in persons)),
            stated.get("root", any(person.emotions for person in persons)),
        )

    unknown = max(0, int(stated.get("persons", 0)) - len(gold.persons))
    return TreeCoverage(tuple(of((person,)) for person in gold.persons), of(gold.persons), unknown)


def covers_problem(covers: Any) -> str | None:
    """What is wrong with a row's column `covers` and what to do, in one line; None if nothing is."""
    if covers is None:
        return None
    if not isinstance(covers, Mapping):
        return f"must be `key: value` pairs, such as {{aspects: [hair color], root: true}}, found {covers!r:.60}"
    unknown = sorted(str(key) for key in covers if key not in _KEYS)
    if unknown:
        return f"has the unknown key {unknown[0]!r}; it takes {', '.join(_KEYS)}"
    aspects, persons = covers.get("aspects"), covers.get("persons")
    listed = isinstance(aspects, (list, tuple)) and all(isinstance(aspect, str) for aspect in aspects)
    if not (aspects is None or aspects == "all" or listed):
        return f"`aspects` must be a list of aspects, or all, found {aspects!r:.60}"
    for key in ("expressions", "root"):
        if not isinstance(covers.get(key), (bool, type(None))):
            return f"`{key}` must be true or false, found {covers[key]!r:.60}"
    if persons is not None and (isinstance(persons, bool) or not isinstance(persons, int) or persons < 1):
        return f"`persons` must be how many people the clip shows, 1 or more, found {persons!r:.60}"
    return None
