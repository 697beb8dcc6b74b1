"""Prompts that wait for an engine, and which engine they are given to: the least loaded, or one that their place decides."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from actors.engine.rounds import Seat
from actors.pool.slot import Engine, EngineSlot


class Asking(Protocol):
    """What engines are asked: a prompt of the policy, or a question to a judge. Called a prompt below."""

    @property
    def key(self) -> str:
        """Unique among all that is asked."""

    @property
    def media(self) -> Sequence[Any]:
        """Videos and images that it is about."""


Asked = TypeVar("Asked", bound=Asking)


@dataclass(frozen=True)
class Load:
    """What engines have to do."""

    slots: Sequence[EngineSlot]
    """The engines' places."""
    most: int
    """Samples that an engine is asked for at a time; a prompt that needs more is asked of an idle engine."""
    lock: threading.Lock
    """Held while a load is changed."""

    def take(self, media: Sequence[Any], samples: int) -> Engine | None:
        """The least loaded engine that may be asked for so many more; among equals one that was asked about the same media."""
        with self.lock:
            free = [slot for slot in self.slots if slot.serving and (not slot.load or slot.load + samples <= self.most)]
            if not free:
                return None
            slot = min(free, key=lambda slot: (slot.load, media not in slot.media))
            slot.load += samples
            slot.media.append(media)
            return slot.engine

    def take_idle(self, slot: EngineSlot, samples: int) -> Engine | None:
        """The engine of a slot, for so many samples, if it serves and has nothing to do."""
        with self.lock:
            if not slot.serving or slot.load:
                return None
            slot.load += samples
            return slot.engine

    def give_back(self, slot: EngineSlot, samples: int) -> None:
        """So many samples are drawn, or will not be."""
        with self.lock:
            slot.load -= samples


class Queue(Protocol[Asked]):
    """Prompts that wait."""

    def take(self) -> tuple[Engine, Sequence[tuple[Asked, Seat | None]]] | None:
        """An engine, and the prompts that it is to be asked now, with their seats; None while none has room."""

    def again(self, prompt: Asked) -> None:
        """Have a prompt asked again, whose engine died."""

    def __len__(self) -> int:
        """Prompts that wait."""


class ByLoad(Generic[Asked]):
    """Each prompt goes to the engine that has the least to do, in order, as engines have room."""

    def __init__(self, prompts: Sequence[Asked], samples: Callable[[Asked], int], load: Load) -> None:
        self._waiting, self._samples, self._load = deque(prompts), samples, load

    def take(self) -> tuple[Engine, Sequence[tuple[Asked, Seat | None]]] | None:
        """An engine and one prompt."""
        if not self._waiting:
            return None
        first = self._waiting[0]
        engine = self._load.take(first.media, self._samples(first))
        return None if engine is None else (engine, [(self._waiting.popleft(), None)])

    def again(self, prompt: Asked) -> None:
        """It comes first."""
        self._waiting.appendleft(prompt)

    def __len__(self) -> int:
        return len(self._waiting)


class ByPlace(Generic[Asked]):
    """Prompts go to the engines in turn, and each engine gets its own in batches, one when the last is done: who is asked what
    together is the same in every run. A prompt whose engine died is asked by itself, of the engine that has the least to do."""

    def __init__(self, name: str, prompts: Sequence[Asked], samples: Callable[[Asked], int], load: Load) -> None:
        """
        Args:
            name: of these prompts, unlike that of any others.
            prompts: in their order.
            samples: how many samples a prompt asks for.
            load: of the engines.
        """
        slots = load.slots
        self._load, self._samples, self._again = load, samples, ByLoad[Asked]([], samples, load)
        self._batches = [deque(batches(prompts[number :: len(slots)], samples, load.most)) for number in range(len(slots))]
        self._names = [(f"{name}.{number}" for number in itertools.count()) for _ in slots]

    def take(self) -> tuple[Engine, Sequence[tuple[Asked, Seat | None]]] | None:
        """An idle engine and its next batch."""
        for slot, waiting, names in zip(self._load.slots, self._batches, self._names, strict=True):
            if waiting and (engine := self._load.take_idle(slot, sum(map(self._samples, waiting[0])))):
                batch, name = waiting.popleft(), next(names)
                return engine, [(prompt, Seat(name, place, len(batch))) for place, prompt in enumerate(batch)]
        return self._again.take()

    def again(self, prompt: Asked) -> None:
        """Without a seat."""
        self._again.again(prompt)

    def __len__(self) -> int:
        return len(self._again) + sum(len(batch) for waiting in self._batches for batch in waiting)


def batches(prompts: Sequence[Asked], samples: Callable[[Asked], int], most: int) -> list[list[Asked]]:
    """Prompts in order, in as few batches as have at most so many samples each; a prompt that needs more is one by itself."""
    found: list[list[Asked]] = []
    room = 0
    for prompt in prompts:
        if not found or samples(prompt) > room:
            found.append([])
            room = most
        found[-1].append(prompt)
        room -= samples(prompt)
    return found
