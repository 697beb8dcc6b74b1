"""Who a caption speaks of at each word: people introduced, named again, or meant by a pronoun."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from rewards.captions.words import grammar_words
from rewards.tree.taxonomy import taxonomy

ROLES = grammar_words("roles")
PLURALS: dict[str, list[str]] = taxonomy()["caption"]["grammar"]["plurals"]
"""Plural -> [singular, gender]."""
NUMBERS = {"two": 2, "three": 3, "both": 2, "couple": 2, "2": 2, "3": 3}
NEW = frozenset({"a", "an", "another"})
DETERMINERS = grammar_words("determiners")
ORDINALS = grammar_words("ordinals")
MOST_PEOPLE = 32
"""Further ones are taken for the last, which keeps the time linear in a flood of people."""
VAGUE = frozenset({"person", "individual", "subject", "speaker", "one"})
OTHERS = frozenset({"other", "second", "third", "another", "latter"})
POSSESSIVES = frozenset({"his", "her", "their"})
CLAUSE_STARTS = grammar_words("clause starts")
SUBJECT_PRONOUNS = frozenset({"he", "she", "they", "both", "everyone", "everybody"})
ALL = frozenset({"they", "both", "everyone", "everybody", "their", "them"})
_STOPS = grammar_words("mention ends")


@dataclass(eq=False)
class Someone:
    """A person of the caption, and what has been said to be true of them."""

    gender: str = ""
    names: set[str] = field(default_factory=set)
    attributes: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, None] = field(default_factory=dict)
    emotions: dict[str, str | None] = field(default_factory=dict)


class People:
    """The people of one caption, in order of first mention."""

    def __init__(self) -> None:
        self.all: list[Someone] = []
        self.current: list[Someone] = []
        """Whom attributes are about: the last who were mentioned."""
        self.subject: list[Someone] = []
        """Who acts and feels in the clause at hand."""
        self.unseen: list[Someone] = []
        """Introduced as some of many ("two women"), and not spoken of alone yet."""
        self.listed: list[Someone] = []
        """Of those, the ones whom this sentence may still list ("three people: a man, …")."""
        self.scene: dict[str, str] = {}
        """What is said of the place, such as its light."""

    def meant(self) -> list[Someone]:
        """Those whom an attribute at hand is about; a caption that names nobody is about one person."""
        if not self.current:
            self.all = self.all or [Someone()]
            self.current = [self.all[-1]]
        return self.current

    def acting(self) -> list[Someone]:
        """Those whom an expression or emotion at hand is about."""
        return self.subject or self.meant()

    def read(self, tokens: list[str], index: int) -> int:
        """Take note of a mention that begins at a token; returns how many tokens up to its head noun, or 0."""
        token = tokens[index]
        before = tokens[index - 1] if index else ""
        if index == 0:
            self.subject, self.listed = [], []
        if token in ("who", "whose"):
            self.subject = list(self.current)
            return 0
        if token in CLAUSE_STARTS and token != "and" and self.subject:
            self.current = list(self.subject)
        if token in POSSESSIVES and self._head(tokens, index) is not None:
            return self._noun_phrase(tokens, index)
        if token in ("he", "his", "him", "himself"):
            self._pronoun("m")
        elif token in ("she", "her", "hers", "herself"):
            self._pronoun("f")
        elif token in ALL:
            if len(self.all) > 1:
                self.current = list(self.all)
        else:
            size = self._noun_phrase(tokens, index)
            if size and (not before or before in CLAUSE_STARTS or not self.subject):
                self.subject = list(self.current)
            return size
        if token in SUBJECT_PRONOUNS:
            self.subject = list(self.current)
        return 1

    def _pronoun(self, gender: str) -> None:
        # the one who is spoken of keeps the word, else the last one whom it fits
        fits = [p for p in (*reversed(self.current), *reversed(self.all)) if p.gender in ("", gender)]
        if len(self.current) == 1 and self.current[0].gender == gender:
            return
        exact = [p for p in fits if p.gender == gender]
        chosen = (exact or fits or [self._add(gender)])[0]
        chosen.gender = gender
        self.current = [chosen]

    def _noun_phrase(self, tokens: list[str], index: int) -> int:
        head = self._head(tokens, index)
        if head is None:
            return 0
        noun, words = tokens[head], tokens[index : head + 1]
        if noun in PLURALS:
            self._many(noun, words)
        else:
            gender = _genders().get(noun, "")
            self._one(noun, gender, set(words))
        return head - index + 1

    @staticmethod
    def _head(tokens: list[str], index: int) -> int | None:
        """The person noun of a phrase that begins here with a determiner, or that is the noun itself."""
        if is_person(tokens[index]) or tokens[index] in PLURALS:
            return index
        if tokens[index] == "one" and tokens[index + 1 : index + 2] == ["of"]:
            return index
        if tokens[index] not in DETERMINERS:
            return None
        for place in range(index + 1, min(index + 7, len(tokens))):
            token, before = tokens[place], tokens[place - 1]
            if is_person(token) or token in PLURALS:
                if is_person(tokens[place + 1] if place + 1 < len(tokens) else ""):  # "the woman doctor"
                    continue
                return place
            if token == "one" and before in ORDINALS | {"the"}:
                return place
            if token in _STOPS or token in DETERMINERS:
                return place - 1 if before in ORDINALS else None
        return None

    def _many(self, noun: str, words: list[str]) -> None:
        name, gender = PLURALS[noun]
        count = next((NUMBERS[w] for w in words if w in NUMBERS), 0)
        if {"the", "both"} & set(words) and self.all:
            fits = [p for p in self.all if not gender or p.gender in ("", gender)]
            self.current = fits or list(self.all)
            return
        if not count:
            return
        self.current = [self._add(gender, name) for _ in range(count)]
        self.unseen, self.listed = list(self.current), list(self.current)

    def _one(self, noun: str, gender: str, words: set[str]) -> None:
        fits = [p for p in self.all if not gender or p.gender in ("", gender)]
        if "first" in words and self.all:
            chosen = self.all[0]
        elif words & OTHERS and self.all:
            spoken_of = self.current if len(self.current) == 1 else []
            rest = [p for p in self.unseen if p not in spoken_of and p in fits] or (
                [p for p in fits if p not in spoken_of] if "the" in words else []
            )
            chosen = rest[0] if rest else self._add(gender, noun)
        elif words & NEW or noun == "someone":
            chosen = next((p for p in self.listed if p in fits), None) or self._add(gender, noun)
        else:
            chosen = self._known(noun, gender, words, fits) or self._add(gender, noun)
        if gender:
            chosen.gender = gender
        chosen.names.add(noun)
        self.unseen = [p for p in self.unseen if p is not chosen]
        self.listed = [p for p in self.listed if p is not chosen]
        self.current = [chosen]

    def _known(self, noun: str, gender: str, words: set[str], fits: list[Someone]) -> Someone | None:
        """Who is meant by "the man" or "the driver", if they have been mentioned."""
        named = [p for p in fits if noun in p.names]
        if words & POSSESSIVES:
            return named[-1] if named else None
        unseen = [p for p in self.unseen if p in fits]
        if unseen:
            return unseen[0]
        if not named:
            named = [p for p in fits if not p.names]  # known by a pronoun only
        if not named and "the" in words and (gender or noun in VAGUE):
            named = [p for p in fits if not gender or p.gender == gender]
        return named[-1] if named else None

    def _add(self, gender: str, name: str = "") -> Someone:
        if len(self.all) >= MOST_PEOPLE:
            return self.all[-1]
        found = Someone(gender, {name} if name else set())
        self.all.append(found)
        return found


def is_person(token: str) -> bool:
    return token in ROLES or (token in _genders() and token not in PLURALS)


@lru_cache(maxsize=1)
def _genders() -> dict[str, str]:
    words = taxonomy()["caption"]["words"]["gender"]
    return {word: code for gender, code in (("man", "m"), ("woman", "f")) for word in words[gender]}
