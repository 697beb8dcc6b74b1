"""Which engine gets which prompts, without engines."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from actors.pool.load import Load, Offer
from actors.pool.queues import ByLoad, ByPlace, Queue
from actors.pool.slot import EngineSlot
from rollout.samples import Prompt
from tests.unit.stations import about, prompt


def load(count: int = 2, most: int = 8) -> Load:
    """Engines with stand-ins for handles."""
    return Load([EngineSlot(f"engine {number}", object()) for number in range(count)], most, threading.Lock())


def prompts(count: int) -> list[Prompt]:
    return [prompt(f"p{number}") for number in range(count)]


def clips(**counts: int) -> list[Prompt]:
    """Prompts about clips, so many about each."""
    return [about(clip, f"{clip}{number}") for clip, count in counts.items() for number in range(count)]


def taken(queue: Queue[Prompt]) -> list[tuple[str, list[tuple[str, tuple[str, int, int] | None]]]]:
    """All that the engines may be asked at present: (engine, [(prompt, its seat)])."""
    found = []
    while (one := queue.take()) is not None:
        engine, given = one
        seats = [(asked.key, seat and (seat.batch, seat.place, seat.size)) for asked, seat in given]
        found.append((engine.name, seats))
    return found


def asked(found: Sequence[tuple[str, list]]) -> list[tuple[str, list[str]]]:
    return [(engine, [key for key, _ in given]) for engine, given in found]


def by_engine(found: Sequence[tuple[str, list]], count: int = 2) -> list[list[str]]:
    """The prompts of each engine, in the order in which it is asked them."""
    return [[key for name, given in found if name == f"engine {number}" for key, _ in given] for number in range(count)]


def test_the_least_loaded_engine_is_asked_until_all_are_full() -> None:
    found = load(2, most=8)
    engines = [found.take([Offer(slot, samples) for slot in found.slots]) for samples in (4, 3, 3, 3, 3)]
    assert [engine and engine.name for engine in engines] == ["engine 0", "engine 1", "engine 1", "engine 0", None]


def test_an_idle_engine_takes_more_samples_than_it_may_have_at_a_time() -> None:
    found = load(1, most=8)
    (slot,) = found.slots
    assert found.take([Offer(slot, 20)]) is not None
    assert found.take([Offer(slot, 1)]) is None
    found.give_back(slot, 20)
    assert found.take([Offer(slot, 1)]) is not None
    slot.serving = False
    found.give_back(slot, 1)
    assert found.take([Offer(slot, 1)]) is None


def test_prompts_without_media_are_given_one_by_one_in_order() -> None:
    engines = load(2, most=2)
    queue = ByLoad(prompts(5), lambda _: 1, engines)
    assert taken(queue) == [(f"engine {number % 2}", [(f"p{number}", None)]) for number in range(4)]
    assert len(queue) == 1
    engines.give_back(engines.slots[1], 1)
    queue.again(prompt("p1"))
    assert asked(taken(queue)) == [("engine 1", ["p1"])]


def test_a_clips_prompts_go_to_one_engine_one_after_the_other_however_they_are_mixed() -> None:
    mixed = [about(clip, f"{clip}{number}") for number in range(3) for clip in "abcd"]
    found = taken(ByLoad(mixed, lambda _: 4, load(2, most=64)))
    assert by_engine(found) == [["a0", "a1", "a2", "c0", "c1", "c2"], ["b0", "b1", "b2", "d0", "d1", "d2"]]
    assert [engine for engine, _ in found] == ["engine 0", "engine 1"] * 6  # both are filled alike


def test_an_engine_goes_on_with_its_clip_when_it_has_room_again() -> None:
    engines = load(2, most=1)
    queue = ByLoad(clips(a=3, b=3), lambda _: 1, engines)
    assert by_engine(taken(queue)) == [["a0"], ["b0"]]
    for number, expected in ((1, "b1"), (1, "b2"), (0, "a1")):
        engines.give_back(engines.slots[number], 1)
        assert asked(taken(queue)) == [(f"engine {number}", [expected])]
    assert len(queue) == 1


def test_who_has_less_to_do_helps_with_the_clip_of_which_most_wait_from_its_end() -> None:
    found = taken(ByLoad(clips(a=6, b=2, c=1), lambda _: 2, load(3, most=64)))
    assert by_engine(found, 3) == [["a0", "a1", "a2"], ["b0", "b1", "a4"], ["c0", "a5", "a3"]]


def test_no_engine_is_idle_while_prompts_of_one_clip_wait() -> None:
    engines = load(2, most=2)
    queue = ByLoad(clips(a=4), lambda _: 2, engines)
    assert by_engine(taken(queue)) == [["a0"], ["a3"]]
    engines.give_back(engines.slots[1], 2)
    assert by_engine(taken(queue)) == [[], ["a2"]]


def test_a_new_clip_is_begun_by_an_engine_that_was_asked_about_it_before() -> None:
    engines = load(2)
    assert by_engine(taken(ByLoad(clips(a=1, b=1), lambda _: 1, engines))) == [["a0"], ["b0"]]
    assert by_engine(taken(ByLoad(clips(b=1), lambda _: 1, engines))) == [[], ["b0"]]
    engines.give_back(engines.slots[1], 1)
    assert by_engine(taken(ByLoad(clips(a=1), lambda _: 1, engines))) == [["a0"], []]


def test_a_dead_engines_clip_is_gone_on_with_by_others_from_the_prompt_that_was_lost() -> None:
    engines = load(2, most=4)
    queue = ByLoad(clips(a=4, b=4), lambda _: 2, engines)
    assert by_engine(taken(queue)) == [["a0", "a1"], ["b0", "b1"]]
    engines.slots[1].serving = False
    engines.give_back(engines.slots[1], 4)
    for lost in ("b1", "b0"):
        queue.again(about("b", lost))
    assert taken(queue) == []
    engines.give_back(engines.slots[0], 4)
    assert by_engine(taken(queue)) == [["a2", "a3"], []]
    engines.give_back(engines.slots[0], 4)
    assert by_engine(taken(queue)) == [["b0", "b1"], []]
    engines.slots[1].serving = True  # a successor, which has seen nothing
    assert by_engine(taken(queue)) == [[], ["b3", "b2"]]
    queue.again(about("a", "a3"))
    assert len(queue) == 1


def test_by_place_each_engine_gets_the_same_batches_whichever_is_done_first() -> None:
    for first, then in ((0, 1), (1, 0)):
        engines = load(2, most=4)
        queue = ByPlace("s", prompts(9), lambda _: 2, engines)
        found = taken(queue)
        assert asked(found) == [("engine 0", ["p0", "p2"]), ("engine 1", ["p1", "p3"])]
        assert [seat for _, seat in found[0][1]] == [("s.0", 0, 2), ("s.0", 1, 2)]
        engines.give_back(engines.slots[first], 2)
        assert taken(queue) == []  # one of two is still being drawn
        engines.give_back(engines.slots[first], 2)
        engines.give_back(engines.slots[then], 4)
        assert asked(taken(queue)) == [("engine 0", ["p4", "p6"]), ("engine 1", ["p5", "p7"])]
        engines.give_back(engines.slots[0], 4)
        assert asked(taken(queue)) == [("engine 0", ["p8"])]
        assert len(queue) == 0


def test_by_place_clips_stay_together() -> None:
    mixed = [about(clip, f"{clip}{number}") for number in range(2) for clip in "abcd"]
    found = taken(ByPlace("s", mixed, lambda _: 1, load(2, most=4)))
    assert asked(found) == [("engine 0", ["a0", "a1", "c0", "c1"]), ("engine 1", ["b0", "b1", "d0", "d1"])]


def test_by_place_a_dead_engines_prompts_are_asked_alone_and_its_others_wait_for_the_successor() -> None:
    engines = load(2, most=1)
    queue = ByPlace("s", prompts(4), lambda _: 1, engines)
    assert asked(taken(queue)) == [("engine 0", ["p0"]), ("engine 1", ["p1"])]
    engines.slots[1].serving = False
    for slot in engines.slots:
        engines.give_back(slot, 1)
    queue.again(prompt("p1"))
    assert asked(taken(queue)) == [("engine 0", ["p2"])]
    engines.give_back(engines.slots[0], 1)
    assert taken(queue) == [("engine 0", [("p1", None)])]
    assert len(queue) == 1
    engines.slots[1].serving = True
    assert asked(taken(queue)) == [("engine 1", ["p3"])]
