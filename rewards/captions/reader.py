"""Free captions: the affective tree that a text without tags denotes, by rules and the taxonomy.

The paper parses captions "into a set of aspect-item pairs at three semantic levels" (VidEmo, section 3.2) and does not
say how. These rules read English captions: values next to the noun of their part, objects by mention, negation by the
reach of its word, people by determiners, nouns and pronouns. Precision and recall stand in docs/affective-tree.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rewards.captions.negation import negated
from rewards.captions.people import People, Someone
from rewards.captions.values import Sentence, age_at, intensity, object_value, speaks_of_age, values_of
from rewards.captions.words import Hit, Meaning, hits, sentences
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.taxonomy import taxonomy


def read_caption(text: str) -> AffectiveTree:
    """The tree that a caption denotes: one person for each whom it speaks of. Never raises; linear in the text.

    Every expression rests on all attributes of its person, and every emotion on all expressions, since a caption
    seldom says which.
    """
    people = People()
    for tokens in sentences(text):
        _read_sentence(tokens, people)
    if people.scene:
        described = (someone for someone in people.all if someone.is_described())
        next(described, (people.all or people.meant())[0]).attributes.update(people.scene)
    return AffectiveTree(tuple(_person(someone) for someone in people.all if someone.is_described()))


def denies_emotion(text: str) -> bool:
    """Whether a text names an emotion only to deny it, as in "not happy"."""
    for tokens in sentences(text):
        denied = negated(tokens)
        if any(denied[hit.begin] and hit.of("emotion") for hit in hits(tokens)):
            return True
    return False


def linked_person(
    attributes: Sequence[tuple[str, str]], expressions: Sequence[str], emotions: Sequence[tuple[str, str | None]]
) -> Person:
    """A person whose every expression rests on all attributes and every emotion on all expressions.

    Args:
        attributes: (aspect, value) pairs.
        expressions: names.
        emotions: (label, intensity) pairs.
    """
    leaves = tuple(Attribute(f"a{n}", *pair) for n, pair in enumerate(attributes, start=1))
    leaf_ids = tuple(leaf.id for leaf in leaves)
    middles = tuple(Expression(f"e{n}", name, leaf_ids) for n, name in enumerate(expressions, start=1))
    middle_ids = tuple(middle.id for middle in middles)
    return Person(leaves, middles, tuple(Emotion(f"m{n}", *pair, middle_ids) for n, pair in enumerate(emotions, start=1)))


def _read_sentence(tokens: list[str], people: People) -> None:
    found = hits(tokens)
    sentence = Sentence(tokens, {h.begin: h for h in found}, {h.end: h for h in found}, negated(tokens))
    mention_end = 0
    for index in range(len(tokens)):
        if index >= mention_end:
            mention_end = index + people.read(tokens, index)
        hit = sentence.hits.get(index)
        if hit is None:
            age = age_at(tokens, index)
            if age is not None:
                _state(people.meant(), "age", age)
            continue
        for meaning in hit.meanings:
            # "her crying husband": what is said within a mention is said of the one mentioned
            _take(meaning, hit, sentence, people, people.meant if index < mention_end else people.acting)


def _take(meaning: Meaning, hit: Hit, sentence: Sentence, people: People, actors: Callable[[], list[Someone]]) -> None:
    """Note what one meaning of a phrase says of the people at hand; `actors` are those whom actions are about."""
    denied = sentence.negated[hit.begin]
    match meaning.kind:
        case "object":
            value = object_value(hit, sentence.tokens, denied)
            if value is not None:
                _state(people.meant(), meaning.name, value)
        case "noun" if not denied:
            for value_hit in values_of(meaning.name, hit, sentence):
                if not sentence.negated[value_hit.begin]:
                    for said in (m for m in value_hit.of("value") if m.part == meaning.name):
                        _state_of(people, said)
        case "word" if not denied:
            if meaning.name != "age" or speaks_of_age(hit, sentence.tokens):
                _state_of(people, meaning)
        case "expression" if not denied:
            for person in actors():
                person.expressions[meaning.name] = None
        case "emotion" if not denied:
            strength = intensity(hit, sentence)
            for person in actors():
                person.emotions[meaning.name] = person.emotions.get(meaning.name) or strength


def _state_of(people: People, said: Meaning) -> None:
    """Note a value of the people at hand. The light is a value of the place, and is kept with the first person."""
    if said.name == "lighting":
        people.scene[said.name] = said.value
    else:
        _state(people.meant(), said.name, said.value)


def _state(people: list[Someone], aspect: str, value: str) -> None:
    for person in people:
        person.attributes[aspect] = value


def _person(someone: Someone) -> Person:
    order = list(taxonomy()["aspects"])
    stated = sorted(someone.attributes.items(), key=lambda pair: order.index(pair[0]))
    return linked_person(stated, list(someone.expressions), list(someone.emotions.items()))
