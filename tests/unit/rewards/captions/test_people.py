"""Who is spoken of at each word."""

import pytest

from rewards.captions.people import MOST_PEOPLE, People, is_person
from rewards.captions.words import sentences


def read(caption: str) -> People:
    people = People()
    for tokens in sentences(caption):
        end = 0
        for index in range(len(tokens)):
            if index >= end:
                end = index + people.read(tokens, index)
    return people


@pytest.mark.parametrize(
    ("caption", "genders", "current"),
    [
        ("A man waves.", ["m"], [0]),
        ("A man and a woman talk.", ["m", "f"], [1]),
        ("A man and a woman talk. He", ["m", "f"], [0]),
        ("A man and a woman talk. They", ["m", "f"], [0, 1]),
        ("Two women sit. The first one", ["f", "f"], [0]),
        ("Two women sit. One of them frowns, and the other smiles", ["f", "f"], [1]),
        ("A woman and her husband", ["f", "m"], [1]),
        ("A doctor waits. She", ["f"], [0]),
        ("A man stands. The man", ["m"], [0]),
        ("A man stands. Another man", ["m", "m"], [1]),
        ("Glasses shine.", [], []),
    ],
)
def test_mentions(caption: str, genders: list[str], current: list[int]) -> None:
    people = read(caption)
    assert [person.gender for person in people.all] == genders
    assert [people.all.index(person) for person in people.current] == current


def test_actions_are_of_the_subject_and_attributes_of_the_last_mentioned() -> None:
    people = read("A man looks at a woman")
    assert people.acting() == [people.all[0]]
    assert people.meant() == [people.all[1]]


def test_a_caption_that_names_nobody_is_about_one_person() -> None:
    people = read("Short brown hair.")
    assert people.meant() == people.acting() == people.all
    assert len(people.all) == 1
    assert not people.all[0].is_described()


def test_a_flood_of_people_is_bounded() -> None:
    assert len(read("a man, " * 100).all) == MOST_PEOPLE


def test_person_nouns() -> None:
    assert is_person("woman")
    assert is_person("doctor")
    assert not is_person("women")
    assert not is_person("hat")
