"""Deaths and ends, without engines. How prompts are asked and asked again is tested on real actors."""

from __future__ import annotations

from ray.exceptions import RayActorError

from actors.pool.dispatch import Dispatcher
from actors.pool.slot import EngineSlot
from tests.unit.stations import prompt


def dispatcher(count: int) -> tuple[Dispatcher, list[tuple[str, str]]]:
    """A dispatcher over slots with stand-ins for handles, and what it told of deaths."""
    lost: list[tuple[str, str]] = []
    slots = [EngineSlot(f"engine {number}", object()) for number in range(count)]
    return Dispatcher(slots, 8, 1.0, lambda slot, reason: lost.append((slot.name, reason)), lambda: None), lost


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
    assert list(found.stream([prompt()], lambda _: 1, lambda actor, one, seat: None)) == []
    found.report(found.slots[0].engine, RayActorError())
    assert not lost
