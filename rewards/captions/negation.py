"""Which words of a sentence a negation reaches."""

from __future__ import annotations

from rewards.captions.words import grammar_words

_NEGATIONS = grammar_words("negations")
_PHRASED = {"rather": "than", "free": "of", "instead": "of", "absent": "of"}
"""Words that negate only before a certain other."""
_FAR = {("far", "from"), ("anything", "but")}
_VERBS = grammar_words("verbs after a negated noun")
_BUT = grammar_words("contrasts")


def negated(tokens: list[str]) -> list[bool]:
    """For each token of a sentence, whether a negation before it reaches it.

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
    """The next few tokens, as far as the first contrasting word."""
    rest = tokens[begin : begin + 6]
    return rest[: next((i for i, token in enumerate(rest) if token in _BUT), len(rest))]
