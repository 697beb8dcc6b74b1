"""Which engine is asked, without engines. How prompts are asked and asked again is tested on real actors."""

from __future__ import annotations

from ray.exceptions import RayActorError

from actors.pool.dispatch import Dispatcher
from actors.pool.slot import EngineSlot
from rollout.media import Medium
from rollout.prompts import EncodedPrompt
from rollout.rows import Row
from rollout.samples import Prompt
from tests.unit.stations import prompt


def dispatcher(count: int = 2, most: int = 8) -> tuple[Dispatcher, list[tuple[str, str]]]:
    """A dispatcher over slots with stand-ins for handles, and what it told of deaths."""
    lost: list[tuple[str, str]] = []
    slots = [EngineSlot(f"engine {number}", object()) for number in range(count)]
    return Dispatcher(slots, most, 1.0, lambda slot, reason: lost.append((slot.name, reason)), lambda: None), lost


def about(clip: str) -> Prompt:
    plain: EncodedPrompt = prompt().encoded
    return Prompt(clip, Row(0, "?", (Medium("video", clip),), "rationale"), plain)


def test_the_least_loaded_engine_is_asked_until_all_are_full() -> None:
    found, _ = dispatcher(2, most=8)
    taken = [found._take(prompt(), samples) for samples in (4, 3, 3, 3, 3)]
    assert [engine and engine.name for engine in taken] == ["engine 0", "engine 1", "engine 1", "engine 0", None]


def test_an_idle_engine_takes_more_samples_than_it_may_have_at_a_time() -> None:
    found, _ = dispatcher(1, most=8)
    assert found._take(prompt(), 20) is not None
    assert found._take(prompt(), 1) is None
    found._give_back(found.slots[0], 20)
    assert found._take(prompt(), 1) is not None


def test_among_equals_an_engine_is_asked_that_has_seen_the_clip() -> None:
    found, _ = dispatcher(2)
    for clip, expected in (("a", "engine 0"), ("b", "engine 1"), ("b", "engine 1"), ("a", "engine 0")):
        if found.slots[0].load and found.slots[1].load:
            for slot in found.slots:
                found._give_back(slot, 1)
        engine = found._take(about(clip), 1)
        assert engine is not None and engine.name == expected, clip


def test_a_death_is_told_once_and_not_laid_at_the_successors_door() -> None:
    found, lost = dispatcher(1)
    (engine,) = found.serving()
    found.report(engine, RayActorError(error_msg="it died\nof something"))
    assert not found.serving() and [name for name, _ in lost] == ["engine 0"]
    assert "\n" not in lost[0][1]
    found.slots[0].actor = object()  # a successor, which `lost` would have started
    found.report(engine, RayActorError())
    found.serve(engine)  # too late: it is not this engine any more
    assert len(lost) == 1 and not found.serving()
    found.serve(found.slots[0].engine)
    assert [one.actor for one in found.serving()] == [found.slots[0].actor]


def test_after_the_end_nothing_is_asked_and_no_death_counts() -> None:
    found, lost = dispatcher(1)
    found.close()
    assert list(found.stream([prompt()], lambda _: 1, lambda actor, one: None)) == []
    found.report(found.slots[0].engine, RayActorError())
    assert not lost
