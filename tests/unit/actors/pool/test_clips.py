"""Prompts by the media that they are about, and how they are dealt to engines."""

from __future__ import annotations

from actors.pool.clips import batches, by_clip, dealt
from rollout.samples import Prompt
from tests.unit.stations import about, prompt


def keys(clips: list[list[Prompt]]) -> list[list[str]]:
    return [[one.key for one in clip] for clip in clips]


def test_prompts_about_the_same_media_are_put_together_where_the_first_of_them_was() -> None:
    asked = [about("a", "a1"), prompt("t1"), about("b", "b1"), about("a", "a2"), prompt("t2"), about("b", "b2")]
    assert keys(by_clip(asked)) == [["a1", "a2"], ["t1"], ["b1", "b2"], ["t2"]]


def test_clips_are_dealt_to_who_has_the_fewest_samples() -> None:
    clips = by_clip([about(clip, f"{clip}{number}") for clip in "abcd" for number in range(3)])
    assert keys(dealt(clips, lambda _: 4, 2)) == [["a0", "a1", "a2", "c0", "c1", "c2"], ["b0", "b1", "b2", "d0", "d1", "d2"]]
    assert keys(dealt([[prompt(f"p{number}")] for number in range(5)], lambda _: 1, 2)) == [["p0", "p2", "p4"], ["p1", "p3"]]


def test_a_clip_that_is_more_than_an_engines_share_is_dealt_to_several() -> None:
    clips = by_clip([about("a", f"a{number}") for number in range(5)] + [about("b", "b0")])
    assert keys(dealt(clips, lambda _: 2, 2)) == [["a0", "a1", "a2"], ["a3", "a4", "b0"]]
    assert keys(dealt(by_clip([about("a", "a0")]), lambda _: 2, 2)) == [["a0"], []]
    assert keys(dealt([], lambda _: 2, 2)) == [[], []]


def test_batches_hold_as_many_samples_as_are_drawn_at_a_time() -> None:
    sizes = {"p0": 3, "p1": 3, "p2": 2, "p3": 9, "p4": 1}
    found = batches([prompt(f"p{number}") for number in range(5)], lambda one: sizes[one.key], 8)
    assert keys(found) == [["p0", "p1", "p2"], ["p3"], ["p4"]]
