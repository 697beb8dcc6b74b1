"""Which values a sentence states of a part, an object, an age or an emotion, by the words around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rewards.captions.people import PLURALS, is_person
from rewards.captions.words import Hit, grammar_words

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
"""(first age that is too high, word) in rising order."""
_YEARS = re.compile(r"year|years|years-old|year-old|yr|year-olds")


@dataclass(frozen=True)
class Sentence:
    """A sentence with the taxonomy's phrases in it."""

    tokens: list[str]
    hits: dict[int, Hit]
    """Index of its first token -> phrase."""
    ends: dict[int, Hit]
    """Index of the token behind it -> phrase."""
    negated: list[bool]
    """For each token, whether a negation reaches it."""


def values_of(part: str, noun: Hit, sentence: Sentence) -> list[Hit]:
    """The value phrases that belong to a part's noun: before it, or after it and a copula."""
    return [*_values_before(part, noun, sentence), *_values_after(part, noun, sentence)]


def object_value(thing: Hit, tokens: list[str], denied: bool) -> str | None:
    """Whether an object such as a hat is worn: `yes`, `no`, or None for one that is there but not worn.

    Args:
        thing: the object's phrase.
        tokens: the sentence.
        denied: whether a negation reaches the phrase.
    """
    before, after = tokens[max(0, thing.begin - 4) : thing.begin], tokens[thing.end : thing.end + 4]
    if tokens[thing.begin] in ("bangs", "tie") and after[:1] and after[0] in _DETERMINERS | {"on"}:
        return None
    if _REMOVES & set(before) or after[:1] == ["off"]:
        return "no"
    if after[:1] in (["on"], ["in"], ["from"]) and _HELD & set(after):
        return None
    return "no" if denied else "yes"


def speaks_of_age(hit: Hit, tokens: list[str]) -> bool:
    """Whether `old`, `young` and the like speak of a person rather than of a thing."""
    if hit.end - hit.begin == 1 and tokens[hit.begin] not in ("old", "older", "young", "senior", "aged"):
        return True
    after = tokens[hit.end : hit.end + 4]
    people = any(token in PLURALS or is_person(token) for token in after)
    return people or (hit.begin > 0 and tokens[hit.begin - 1] in _COPULAS)


def age_at(tokens: list[str], index: int) -> str | None:
    """The age that a token states by a number of years or a decade of life; None if it states none."""
    token = tokens[index]
    if token in _DECADES:
        return _DECADES[token]
    if token.isdecimal() and any(_YEARS.match(word) for word in tokens[index + 1 : index + 3]):
        years = int(token[:3])
        return next(age for limit, age in _AGES if years < limit)
    return None


def intensity(emotion: Hit, sentence: Sentence) -> str | None:
    """How strong an emotion is said to be, by a word right before it; None if nothing is said."""
    for begin in range(max(0, emotion.begin - 3), emotion.begin):
        near = sentence.hits.get(begin)
        if near is not None and near.of("intensity") and near.end <= emotion.begin:
            between = sentence.tokens[near.end : emotion.begin]
            if not set(between) & _STOPS - {"of", "a"}:
                return near.of("intensity")[0].name
    return None


def _values_before(part: str, noun: Hit, sentence: Sentence) -> list[Hit]:
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


def _values_after(part: str, noun: Hit, sentence: Sentence) -> list[Hit]:
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
