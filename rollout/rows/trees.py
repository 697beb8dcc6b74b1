"""From what a rationale in words states to a gold tree, or the reason why there is none.

What was read is checked against the answer that the row is known to have. The answer decides about the roots where the text
agrees with it, or names no emotion; where the text argues for other emotions, nothing can be taught of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rewards.answers.options import Options, read_options
from rewards.answers.reading import read_gold
from rewards.answers.text import answer_of_turn
from rewards.captions.reader import denies_emotion, linked_person, read_caption
from rewards.tree.nodes import AffectiveTree, Emotion, Person
from rewards.tree.taxonomy import fold, known_emotions
from rewards.tree.writer import UnwritableTree, write
from rollout.rows.row import Row

MOST_PEOPLE = 3
"""People of whom a text may speak; more are told apart too badly."""
MOST_EMOTIONS = 2
"""Emotions that a text may name of a person whose answer is not known; of more it says that they come and go."""
Known = Mapping[str, str | None]
"""Emotion, folded -> its intensity, or None."""


@dataclass(frozen=True)
class GoldTree:
    """A tree that can be taught."""

    text: str
    """The rationale: `<tree>…</tree>` and `<answer>…</answer>`."""
    answer: str
    """The emotion, or several joined by commas."""
    people: int
    """How many people the text speaks of; the tree has those of whom all three levels are known."""
    complete: bool
    """Whether it has all of them."""


@dataclass(frozen=True)
class NoTree:
    """Why a text gives no tree."""

    reason: str
    found: str = ""
    """What was found instead, if anything."""

    def __str__(self) -> str:
        return f"{self.reason} ({self.found})" if self.found else self.reason


def known_answer(row: Row) -> Known:
    """The emotions that a row is known to answer: those of its own answer, else of the assistant's turn before; none if neither
    is about an emotion."""
    of_its_own = row.answer and (row.answers or row.answer != answer_of_turn(row.reference or "", row.task))
    if of_its_own and (found := stated_emotions(row.answer or "", row.answers, read_options(row.options, row.question))):
        return found
    turns = row.context
    if len(turns) >= 2 and turns[-1].role == "assistant":
        return stated_emotions(turns[-1].text, (), read_options((), turns[-2].text))
    return {}


def stated_emotions(answer: str, labels: tuple[str, ...], options: Options) -> Known:
    """The emotions of an answer: labels, letters of options, or a sentence."""
    gold = read_gold(answer, labels, options, multi_label=True)
    if gold is not None:
        names = {f"option {letter.lower()}": fold(text) for letter, text in options.texts.items()}
        found = {names.get(label, label): gold.answer.intensities.get(label) for label in sorted(gold.answer.labels)}
        if found and found.keys() <= known_emotions():
            return found
    return {emotion.label: emotion.intensity for emotion in read_caption(answer).emotions()}


def gold_tree(text: str, read: AffectiveTree, known: Known) -> GoldTree | NoTree:
    """The tree that a rationale teaches.

    Args:
        text: the rationale in words.
        read: what was read of it, by rules or by a model.
        known: the emotions that the row is known to answer; empty where it is not known.
    """
    people = [person for person in read.persons if not person.is_empty()]
    if len(people) > MOST_PEOPLE:
        return NoTree("it speaks of too many people", str(len(people)))
    settled = _settle(people, known) if known else _unsettled(text, people)
    if isinstance(settled, NoTree):
        return settled
    whole = [person for person in settled if person.attributes and person.expressions and person.emotions]
    if not whole:
        lacking = [person for person in settled if person.emotions]
        return NoTree("no attribute is read" if not any(person.attributes for person in lacking) else "no expression is read")
    roots = list(dict.fromkeys(root.label for person in whole for root in person.emotions))
    if known and not any(fold(root) in known for root in roots):
        return NoTree("of the person with the known emotion too little is read", ", ".join(roots))
    answer = ", ".join(root for root in roots if not known or fold(root) in known)
    tree = AffectiveTree(tuple(map(_linked, whole)))
    try:
        return GoldTree(write(tree, answer), answer, len(people), len(whole) == len(people))
    except UnwritableTree as error:
        return NoTree("its tree cannot be written", str(error))


def _settle(people: Sequence[Person], known: Known) -> list[Person] | NoTree:
    """People with the roots that the known answer gives them."""
    named = [root for person in people for root in person.emotions]
    fitting = [any(fold(root.label) in known for root in person.emotions) for person in people]
    if not any(fitting):
        if named:
            return NoTree("it argues for another emotion than the row's answer", ", ".join(root.label for root in named))
        if len(people) > 1:
            return NoTree("it speaks of several people, and does not say whose emotion it is")
        return [replace(person, emotions=_roots(known, ())) for person in people] or [Person(emotions=_roots(known, ()))]
    if len(people) == 1:
        return [replace(people[0], emotions=_roots(known, people[0].emotions))]
    return [
        replace(person, emotions=_roots({one: known[one] for one in known if one in _labels(person)}, person.emotions))
        if fits
        else person
        for person, fits in zip(people, fitting, strict=True)
    ]


def _unsettled(text: str, people: list[Person]) -> list[Person] | NoTree:
    """People as they were read, if the text says clearly enough what they feel."""
    if not any(person.emotions for person in people):
        return NoTree("every emotion that it names is denied" if denies_emotion(text) else "no emotion is read")
    if any(len(person.emotions) > MOST_EMOTIONS for person in people):
        return NoTree("it names too many emotions, and the row's answer is not known", ", ".join(sorted(_all_labels(people))))
    return people


def _roots(known: Known, read: Sequence[Emotion]) -> tuple[Emotion, ...]:
    """The known emotions as roots; an intensity that the answer does not state is the text's."""
    said = {fold(root.label): root.intensity for root in read}
    return tuple(Emotion("", label, strength or said.get(label)) for label, strength in known.items())


def _labels(person: Person) -> set[str]:
    return {fold(root.label) for root in person.emotions}


def _all_labels(people: Sequence[Person]) -> set[str]:
    return {label for person in people for label in _labels(person)}


def _linked(person: Person) -> Person:
    """The person with fresh ids, and edges from every node to all below, since a text seldom says which."""
    return linked_person(
        [(one.aspect, one.value) for one in person.attributes],
        [one.name for one in person.expressions],
        [(one.label, one.intensity) for one in person.emotions],
    )
