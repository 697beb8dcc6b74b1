"""Sentences of a caption, and the taxonomy's phrases in them."""

from rewards.captions.words import Meaning, grammar_words, hits, sentences


def test_sentences_end_at_full_stops_and_semicolons() -> None:
    assert list(sentences("The man's hat is big; it's red. (Yes!)")) == [
        ["the", "man", "hat", "is", "big"],
        ["it", "red"],
        ["(", "yes"],
        [")"],
    ]
    assert list(sentences(" .. ")) == []


def test_quotations_are_left_out() -> None:
    assert list(sentences('He says "I am happy." loudly')) == [["he", "says", "loudly"]]
    assert list(sentences("He says “I am happy.” loudly")) == [["he", "says", "loudly"]]


def test_the_longest_phrase_is_found() -> None:
    tokens = ["a", "bow", "tie", "and", "brown", "hair"]
    found = {" ".join(tokens[hit.begin : hit.end]): hit for hit in hits(tokens)}
    assert list(found) == ["bow tie", "brown", "hair"]
    assert found["bow tie"].of("object") == (Meaning("object", "necktie", "yes"),)
    assert Meaning("value", "hair color", "brown", "hair") in found["brown"].of("value")
    assert Meaning("noun", "hair") in found["hair"].of("noun")
    assert found["hair"].of("emotion") == ()


def test_words_that_hold_sentences_together() -> None:
    assert "without" in grammar_words("negations")
    assert "is" in grammar_words("copulas")
