"""Which engine gets which prompts, without engines."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from actors.pool.queues import ByLoad, ByPlace, Load, Queue, batches
from actors.pool.slot import EngineSlot
from rollout.media.medium import Medium
from rollout.rows.row import Row
from rollout.samples import Prompt
from tests.unit.stations import prompt


def load(count: int = 2, most: int = 8) -> Load:
    """Engines with stand-ins for handles."""
    return Load([EngineSlot(f"engine {number}", object()) for number in range(count)], most, threading.Lock())


def about(clip: str) -> Prompt:
    return Prompt(clip, Row(0, "?", (Medium("video", clip),), "rationale"), prompt().encoded)


def prompts(count: int) -> list[Prompt]:
    return [prompt(f"p{number}") for number in range(count)]


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


def test_the_least_loaded_engine_is_asked_until_all_are_full() -> None:
    found = load(2, most=8)
    engines = [found.take((), samples) for samples in (4, 3, 3, 3, 3)]
    assert [engine and engine.name for engine in engines] == ["engine 0", "engine 1", "engine 1", "engine 0", None]


def test_an_idle_engine_takes_more_samples_than_it_may_have_at_a_time() -> None:
    found = load(1, most=8)
    assert found.take((), 20) is not None
    assert found.take((), 1) is None
    found.give_back(found.slots[0], 20)
    assert found.take((), 1) is not None


def test_among_equals_an_engine_is_asked_that_has_seen_the_clip() -> None:
    found = load(2)
    for clip, expected in (("a", "engine 0"), ("b", "engine 1"), ("b", "engine 1"), ("a", "engine 0")):
        if found.slots[0].load and found.slots[1].load:
            for slot in found.slots:
                found.give_back(slot, 1)
        engine = found.take(about(clip).media, 1)
        assert engine is not None and engine.name == expected, clip


def test_by_load_prompts_are_given_one_by_one_in_order() -> None:
    engines = load(2, most=2)
    queue = ByLoad(prompts(5), lambda _: 1, engines)
    assert taken(queue) == [(f"engine {number % 2}", [(f"p{number}", None)]) for number in range(4)]
    assert len(queue) == 1
    engines.give_back(engines.slots[1], 1)
    queue.again(prompt("p1"))
    assert asked(taken(queue)) == [("engine 1", ["p1"])]


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


def test_batches_hold_as_many_samples_as_are_drawn_at_a_time() -> None:
    sizes = {"p0": 3, "p1": 3, "p2": 2, "p3": 9, "p4": 1}
    found = batches(prompts(5), lambda one: sizes[one.key], 8)
    assert [[one.key for one in batch] for batch in found] == [["p0", "p1", "p2"], ["p3"], ["p4"]]
