"""Who a caption speaks of at each word: people introduced, named again, or meant by a pronoun."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from rewards.captions.words import grammar_words
from rewards.tree.taxonomy import taxonomy

PLURALS: dict[str, list[str]] = taxonomy()["caption"]["grammar"]["plurals"]
"""Plural of a person noun -> [singular, gender]."""
MOST_PEOPLE = 32
"""The most people that are told apart in one caption; more count as the last one, so that time stays linear in the text."""
_ROLES = grammar_words("roles")
_NUMBERS = {"two": 2, "three": 3, "both": 2, "couple": 2, "2": 2, "3": 3}
_NEW = frozenset({"a", "an", "another"})
_DETERMINERS = grammar_words("determiners")
_ORDINALS = grammar_words("ordinals")
_VAGUE = frozenset({"person", "individual", "subject", "speaker", "one"})
_OTHERS = frozenset({"other", "second", "third", "another", "latter"})
_POSSESSIVES = frozenset({"his", "her", "their"})
_CLAUSE_STARTS = grammar_words("clause starts")
_SUBJECT_PRONOUNS = frozenset({"he", "she", "they", "both", "everyone", "everybody"})
_ALL = frozenset({"they", "both", "everyone", "everybody", "their", "them"})
_STOPS = grammar_words("mention ends")


@dataclass(eq=False)
class Someone:
    """A person of the caption, and what has been said of them."""

    gender: str = ""
    """`m`, `f`, or empty while it is not known."""
    names: set[str] = field(default_factory=set)
    """Nouns by which they have been mentioned."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Aspect -> value."""
    expressions: dict[str, None] = field(default_factory=dict)
    """Names, in the order in which they were stated."""
    emotions: dict[str, str | None] = field(default_factory=dict)
    """Label -> intensity."""

    def is_described(self) -> bool:
        """Whether anything has been said of them."""
        return bool(self.attributes or self.expressions or self.emotions)


class People:
    """The people of one caption, and who is spoken of at the word at hand."""

    def __init__(self) -> None:
        self.all: list[Someone] = []
        """Everybody, in order of first mention."""
        self.current: list[Someone] = []
        """The people whom attributes are about: the last who were mentioned."""
        self.subject: list[Someone] = []
        """The people who act and feel in the clause at hand."""
        self.unseen: list[Someone] = []
        """People who were introduced as one of several ("two women") and have not been spoken of alone yet."""
        self.listed: list[Someone] = []
        """The people of `unseen` whom this sentence may still list ("three people: a man, …")."""
        self.scene: dict[str, str] = {}
        """Aspect -> value of what is said of the place, such as its light."""

    def meant(self) -> list[Someone]:
        """The people whom an attribute at hand is about; a caption that names nobody is about one person."""
        if not self.current:
            self.all = self.all or [Someone()]
            self.current = [self.all[-1]]
        return self.current

    def acting(self) -> list[Someone]:
        """The people whom an expression or emotion at hand is about."""
        return self.subject or self.meant()

    def read(self, tokens: list[str], index: int) -> int:
        """Take note of a mention of people that begins at a token.

        Returns:
            The number of tokens from there to the mention's head noun; 0 if no mention begins there.
        """
        token = tokens[index]
        before = tokens[index - 1] if index else ""
        if index == 0:
            self.subject, self.listed = [], []
        if token in ("who", "whose"):
            self.subject = list(self.current)
            return 0
        if token in _CLAUSE_STARTS and token != "and" and self.subject:
            self.current = list(self.subject)
        if token in _POSSESSIVES and self._head(tokens, index) is not None:
            return self._noun_phrase(tokens, index)
        if token in ("he", "his", "him", "himself"):
            self._pronoun("m")
        elif token in ("she", "her", "hers", "herself"):
            self._pronoun("f")
        elif token in _ALL:
            if len(self.all) > 1:
                self.current = list(self.all)
        else:
            size = self._noun_phrase(tokens, index)
            if size and (not before or before in _CLAUSE_STARTS or not self.subject):
                self.subject = list(self.current)
            return size
        if token in _SUBJECT_PRONOUNS:
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
        if tokens[index] not in _DETERMINERS:
            return None
        for place in range(index + 1, min(index + 7, len(tokens))):
            token, before = tokens[place], tokens[place - 1]
            if is_person(token) or token in PLURALS:
                if is_person(tokens[place + 1] if place + 1 < len(tokens) else ""):  # "the woman doctor"
                    continue
                return place
            if token == "one" and before in _ORDINALS | {"the"}:
                return place
            if token in _STOPS or token in _DETERMINERS:
                return place - 1 if before in _ORDINALS else None
        return None

    def _many(self, noun: str, words: list[str]) -> None:
        name, gender = PLURALS[noun]
        count = next((_NUMBERS[w] for w in words if w in _NUMBERS), 0)
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
        elif words & _OTHERS and self.all:
            spoken_of = self.current if len(self.current) == 1 else []
            rest = [p for p in self.unseen if p not in spoken_of and p in fits] or (
                [p for p in fits if p not in spoken_of] if "the" in words else []
            )
            chosen = rest[0] if rest else self._add(gender, noun)
        elif words & _NEW or noun == "someone":
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
        if words & _POSSESSIVES:
            return named[-1] if named else None
        unseen = [p for p in self.unseen if p in fits]
        if unseen:
            return unseen[0]
        if not named:
            named = [p for p in fits if not p.names]  # known by a pronoun only
        if not named and "the" in words and (gender or noun in _VAGUE):
            named = [p for p in fits if not gender or p.gender == gender]
        return named[-1] if named else None

    def _add(self, gender: str, name: str = "") -> Someone:
        if len(self.all) >= MOST_PEOPLE:
            return self.all[-1]
        found = Someone(gender, {name} if name else set())
        self.all.append(found)
        return found


def is_person(token: str) -> bool:
    """Whether a word is a noun for one person."""
    return token in _ROLES or (token in _genders() and token not in PLURALS)


@lru_cache(maxsize=1)
def _genders() -> dict[str, str]:
    """Person noun -> `m` or `f`."""
    words = taxonomy()["caption"]["words"]["gender"]
    return {word: code for gender, code in (("man", "m"), ("woman", "f")) for word in words[gender]}
