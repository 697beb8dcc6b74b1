"""Free captions: the affective tree that a text without tags denotes, by rules and the taxonomy.

The paper parses captions "into a set of aspect-item pairs at three semantic levels" (VidEmo, section 3.2) and does not
say how. These rules read English captions: values next to the noun of their part, objects by mention, negation by the
reach of its word, people by determiners, nouns and pronouns. Precision and recall stand in docs/affective-tree.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rewards.captions.people import PLURALS, People, Someone, is_person
from rewards.captions.words import Hit, Meaning, grammar_words, hits, sentences
from rewards.tree.nodes import AffectiveTree, Attribute, Emotion, Expression, Person
from rewards.tree.taxonomy import taxonomy

_NEGATIONS = grammar_words("negations")
_PHRASED = {"rather": "than", "free": "of", "instead": "of", "absent": "of"}
_FAR = {("far", "from"), ("anything", "but")}
_VERBS = grammar_words("verbs after a negated noun")
_BUT = grammar_words("contrasts")
_COPULAS = grammar_words("copulas")
_STOPS = grammar_words("value ends")
_DETERMINERS = frozenset({"his", "her", "their", "its", "the"})
_REMOVES = grammar_words("removals")
_HELD = grammar_words("places of things")
_DECADES = {
    "teens": "young", "twenties": "young", "thirties": "young", "forties": "middle-aged", "fifties": "middle-aged",
    "sixties": "elderly", "seventies": "elderly", "eighties": "elderly", "nineties": "elderly",
}  # fmt: skip
_AGES = ((13, "child"), (40, "young"), (60, "middle-aged"), (1000, "elderly"))
_YEARS = re.compile(r"year|years|years-old|year-old|yr|year-olds")


def read_caption(text: str) -> AffectiveTree:
    """The tree that a caption denotes: one person for each whom it speaks of. Never raises; linear in the text.

    Every expression rests on all attributes of its person, and every emotion on all expressions, since a caption
    seldom says which.
    """
    people = People()
    for tokens in sentences(text):
        _read_sentence(tokens, people)
    if people.scene:
        (people.all or people.meant())[0].attributes.update(people.scene)
    return AffectiveTree(tuple(_person(someone) for someone in people.all if _says_something(someone)))


@dataclass(frozen=True)
class _Sentence:
    tokens: list[str]
    hits: dict[int, Hit]
    """By the token that they begin with."""
    ends: dict[int, Hit]
    """By the token after them."""
    negated: list[bool]


def _read_sentence(tokens: list[str], people: People) -> None:
    found = hits(tokens)
    sentence = _Sentence(tokens, {h.begin: h for h in found}, {h.end: h for h in found}, _negated(tokens))
    mention_end = 0
    for index in range(len(tokens)):
        if index >= mention_end:
            mention_end = index + people.read(tokens, index)
        hit = sentence.hits.get(index)
        if hit is None:
            _read_age(tokens, index, people)
            continue
        for meaning in hit.meanings:
            # "her crying husband": what is said within a mention is said of the one mentioned
            _take(meaning, hit, sentence, people, people.meant if index < mention_end else people.acting)


def _take(meaning: Meaning, hit: Hit, sentence: _Sentence, people: People, actors: Callable[[], list[Someone]]) -> None:
    denied = sentence.negated[hit.begin]
    match meaning.kind:
        case "object":
            value = _object_value(hit, sentence.tokens, denied)
            if value is not None:
                _state(people.meant(), meaning.name, value)
        case "noun" if not denied:
            for value_hit in _values_of(meaning.name, hit, sentence):
                if not sentence.negated[value_hit.begin]:
                    for said in (m for m in value_hit.of("value") if m.part == meaning.name):
                        _state_of(people, said)
        case "word" if not denied:
            if meaning.name != "age" or _is_age(hit, sentence.tokens):
                _state_of(people, meaning)
        case "expression" if not denied:
            for person in actors():
                person.expressions[meaning.name] = None
        case "emotion" if not denied:
            strength = _intensity(hit, sentence)
            for person in actors():
                person.emotions[meaning.name] = person.emotions.get(meaning.name) or strength


def _state_of(people: People, said: Meaning) -> None:
    """Note a value; the light is that of the place, and is kept with the first person."""
    if said.name == "lighting":
        people.scene[said.name] = said.value
    else:
        _state(people.meant(), said.name, said.value)


def _state(people: list[Someone], aspect: str, value: str) -> None:
    for person in people:
        person.attributes[aspect] = value


def _negated(tokens: list[str]) -> list[bool]:
    """For each token, whether a negation before it reaches it.

    It reaches to the next comma or contrasting word; past a comma only in a list that ends with `or` or `nor`.
    """
    found, inside, of_noun = [], False, False
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        comma_ends = token == "," and not {"or", "nor"} & set(_until_contrast(tokens, index + 1))
        if token == "and" or comma_ends or (token in _BUT and before != "anything") or (of_noun and token in _VERBS):
            inside = False
        found.append(inside)
        starts = token in _NEGATIONS and _PHRASED.get(token, following) == following
        if (starts and following not in ("only", "just", "help")) or (token, following) in _FAR:
            inside, of_noun = True, token in ("no", "without", "neither", "nor")
    return found


def _until_contrast(tokens: list[str], begin: int) -> list[str]:
    rest = tokens[begin : begin + 6]
    return rest[: next((i for i, token in enumerate(rest) if token in _BUT), len(rest))]


def _object_value(hit: Hit, tokens: list[str], denied: bool) -> str | None:
    """`yes`, `no`, or None for an object that is there but not worn."""
    before, after = tokens[max(0, hit.begin - 4) : hit.begin], tokens[hit.end : hit.end + 4]
    if tokens[hit.begin] in ("bangs", "tie") and after[:1] and after[0] in _DETERMINERS | {"on"}:
        return None
    if _REMOVES & set(before) or after[:1] == ["off"]:
        return "no"
    if after[:1] in (["on"], ["in"], ["from"]) and _HELD & set(after):
        return None
    return "no" if denied else "yes"


def _values_of(part: str, noun: Hit, sentence: _Sentence) -> list[Hit]:
    """The value phrases that belong to a part's noun: before it, or after it and a copula."""
    return [*_values_before(part, noun, sentence), *_values_after(part, noun, sentence)]


def _values_before(part: str, noun: Hit, sentence: _Sentence) -> list[Hit]:
    chosen, place, crossed = [], noun.begin, False
    while place > max(0, noun.begin - 8):
        hit = sentence.ends.get(place)
        if hit is not None and any(m.part == part for m in hit.of("value")):
            chosen.append(hit)
            if crossed:  # the verb of "raises her eyebrows"
                break
            place = hit.begin
            continue
        token = sentence.tokens[place - 1]
        if crossed or (place == noun.begin and token in ("and", ",")):
            break
        if token in _DETERMINERS:
            crossed = True
        elif (token in _STOPS and token not in (",", "and")) or token in _COPULAS or (hit is not None and hit.of("noun")):
            break
        place -= 1
    return chosen


def _values_after(part: str, noun: Hit, sentence: _Sentence) -> list[Hit]:
    tokens = sentence.tokens
    chosen, place, linked = [], noun.end, False
    while place < min(len(tokens), noun.end + 8):
        hit = sentence.hits.get(place)
        if hit is not None and any(m.part == part for m in hit.of("value")):
            chosen.append(hit)
            place, linked = hit.end, True
            continue
        token = tokens[place]
        if hit is not None and (hit.of("noun") or hit.of("object")):
            break
        glue = token in ("and", ",") and linked
        if not glue and token not in _COPULAS and not token.endswith("ly") and (token in _STOPS or not linked):
            break
        linked = linked or token in _COPULAS
        place += 1
    return chosen


def _is_age(hit: Hit, tokens: list[str]) -> bool:
    """Whether `old`, `young` and the like speak of a person rather than of a thing."""
    if hit.end - hit.begin == 1 and tokens[hit.begin] not in ("old", "older", "young", "senior", "aged"):
        return True
    after = tokens[hit.end : hit.end + 4]
    people = any(token in PLURALS or is_person(token) for token in after)
    return people or (hit.begin > 0 and tokens[hit.begin - 1] in _COPULAS)


def _read_age(tokens: list[str], index: int, people: People) -> None:
    token = tokens[index]
    if token in _DECADES:
        _state(people.meant(), "age", _DECADES[token])
    elif token.isdecimal() and any(_YEARS.match(word) for word in tokens[index + 1 : index + 3]):
        years = int(token[:3])
        _state(people.meant(), "age", next(age for limit, age in _AGES if years < limit))


def _intensity(hit: Hit, sentence: _Sentence) -> str | None:
    """How strong an emotion is said to be, by a word right before it."""
    for begin in range(max(0, hit.begin - 3), hit.begin):
        near = sentence.hits.get(begin)
        if near is not None and near.of("intensity") and near.end <= hit.begin:
            between = sentence.tokens[near.end : hit.begin]
            if not set(between) & _STOPS - {"of", "a"}:
                return near.of("intensity")[0].name
    return None


def _says_something(person: Someone) -> bool:
    return bool(person.attributes or person.expressions or person.emotions)


def _person(someone: Someone) -> Person:
    order = list(taxonomy()["aspects"])
    stated = sorted(someone.attributes.items(), key=lambda pair: order.index(pair[0]))
    return linked_person(stated, list(someone.expressions), list(someone.emotions.items()))


def linked_person(
    attributes: Sequence[tuple[str, str]], expressions: Sequence[str], emotions: Sequence[tuple[str, str | None]]
) -> Person:
    """A person whose every expression rests on all attributes and every emotion on all expressions."""
    leaves = tuple(Attribute(f"a{n}", *pair) for n, pair in enumerate(attributes, start=1))
    leaf_ids = tuple(leaf.id for leaf in leaves)
    middles = tuple(Expression(f"e{n}", name, leaf_ids) for n, name in enumerate(expressions, start=1))
    middle_ids = tuple(middle.id for middle in middles)
    return Person(leaves, middles, tuple(Emotion(f"m{n}", *pair, middle_ids) for n, pair in enumerate(emotions, start=1)))
