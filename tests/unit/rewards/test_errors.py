"""Hints for words that are not known."""

from rewards.errors import did_you_mean, nearest_or_all, one_of

KNOWN = ("leaf", "root")


def test_the_nearest_word_is_offered() -> None:
    assert did_you_mean("laef", KNOWN) == "; did you mean 'leaf'?"
    assert did_you_mean("zzz", KNOWN) == ""
    assert did_you_mean(3, KNOWN) == ""


def test_all_words_are_offered_where_none_is_near() -> None:
    assert nearest_or_all("laef", KNOWN) == "; did you mean 'leaf'?"
    assert nearest_or_all("zzz", KNOWN) == "; known are leaf, root"
    assert nearest_or_all("zzz", iter(KNOWN), "it has") == "; it has leaf, root"
    assert nearest_or_all("zzz", ()) == "; known are none"


def test_a_choice_that_does_not_exist() -> None:
    assert one_of("laef", iter(KNOWN)) == "must be one of leaf, root, found 'laef'; did you mean 'leaf'?"
    assert one_of(None, KNOWN) == "must be one of leaf, root, found None"
