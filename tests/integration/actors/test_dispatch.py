"""Prompts are handed to real Ray actors, which answer, fall silent or die."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
import ray

from actors.pool.dispatch import Dispatcher, GenerationTimeout
from actors.pool.slot import EngineSlot
from rollout.samples import Prompt
from tests.unit.stations import prompt

pytestmark = pytest.mark.timeout(100)


class Answerer:
    """Answers like an engine, with the prompt's key."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @ray.method(num_returns=2)
    def answer(self, one: Prompt, seconds: float = 0.0) -> tuple[float, str]:
        self.asked.append(one.key)
        time.sleep(seconds)
        return seconds, one.key

    def seen(self) -> list[str]:
        return self.asked

    def die(self) -> None:
        os._exit(1)


def answerer() -> Any:
    return ray.remote(Answerer).options(num_cpus=0).remote()


class Pool:
    """A dispatcher over such actors; one that dies has a successor at once, which serves when it is brought back."""

    def __init__(self, count: int, most: int = 4, timeout: float = 20.0) -> None:
        self.slots = [EngineSlot(f"engine {number}", answerer()) for number in range(count)]
        self.dispatcher = Dispatcher(self.slots, most, timeout, self.lost, self.bring_back)
        self.deaths: list[str] = []

    def lost(self, slot: EngineSlot, reason: str) -> None:
        self.deaths.append(slot.name)
        slot.actor = answerer()

    def bring_back(self) -> None:
        for slot in self.slots:
            self.dispatcher.serve(slot.engine)

    def stream(self, prompts: list[Prompt], seconds: float = 0.0, samples: int = 1) -> Iterator[tuple[Prompt, Any]]:
        return self.dispatcher.stream(prompts, lambda _: samples, lambda actor, one, seat: actor.answer.remote(one, seconds))

    def seen(self) -> list[list[str]]:
        found: list[list[str]] = ray.get([slot.actor.seen.remote() for slot in self.slots])
        return found


PROMPTS = [prompt(f"p{number}") for number in range(12)]
KEYS = [one.key for one in PROMPTS]


@pytest.fixture(scope="module", autouse=True)
def _cluster(cluster: None) -> None:
    """Every test here needs one."""


def test_every_prompt_is_answered_once_and_the_engines_share_them() -> None:
    pool = Pool(2)
    answers = [(one.key, ray.get(answer)) for one, answer in pool.stream(PROMPTS, seconds=0.02)]
    assert sorted(answers) == sorted((key, key) for key in KEYS)
    assert sorted(chain.from_iterable(pool.seen())) == sorted(KEYS)
    assert all(pool.seen())
    assert [slot.load for slot in pool.slots] == [0, 0]


def test_no_engine_has_more_samples_at_a_time_than_it_may() -> None:
    pool = Pool(1, most=4)
    loads = [pool.slots[0].load for _ in pool.stream(PROMPTS, samples=2)]
    assert loads[0] == 2 and max(loads) <= 4  # one of two has answered


def test_a_prompt_whose_engine_died_is_asked_again_and_others_are_not() -> None:
    pool = Pool(2)
    answers = []
    for _, answer in pool.stream(PROMPTS, seconds=0.05):
        answers.append(ray.get(answer))
        if len(answers) == 2:
            ray.kill(pool.slots[1].actor)
    assert sorted(answers) == sorted(KEYS)
    assert pool.deaths == ["engine 1"]


def test_when_the_only_engine_dies_its_successor_is_asked() -> None:
    pool = Pool(1)
    pool.slots[0].actor.die.remote()
    assert sorted(one.key for one, _ in pool.stream(PROMPTS)) == sorted(KEYS)
    assert pool.deaths == ["engine 0"]


def test_who_is_silent_is_named_with_what_he_was_asked() -> None:
    pool = Pool(2, most=1, timeout=1.5)
    with pytest.raises(GenerationTimeout) as told:
        list(pool.stream(PROMPTS[:3], seconds=60.0))
    assert str(told.value) == (
        "no group was finished for 2 s (rollout.timeout): engine 0 has 1 prompts, e.g. p0; engine 1 has 1 prompts, e.g. p1; "
        "1 prompts were not yet asked"
    )


def test_what_is_outstanding_is_given_up_when_the_caller_stops() -> None:
    pool = Pool(1, most=4)
    stream = pool.stream(PROMPTS, seconds=0.05)
    next(stream)
    assert pool.slots[0].load == 3
    stream.close()  # type: ignore[attr-defined]
    assert pool.slots[0].load == 0
    time.sleep(0.5)
    assert len(pool.seen()[0]) < len(KEYS)


def test_a_stream_ends_when_the_pool_is_closed() -> None:
    pool = Pool(1, most=1)
    answers = []
    for one, _ in pool.stream(PROMPTS):
        answers.append(one.key)
        if len(answers) == 3:
            pool.dispatcher.close()
    assert answers == KEYS[:3]
