"""Prompts that wait for an engine, and which engine they are given to: the least loaded, or one that their place decides."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol

from actors.engine.rounds import Seat
from actors.pool.clips import Asked, batches, by_clip, dealt
from actors.pool.load import Load, Offer
from actors.pool.slot import Engine, EngineSlot


class Queue(Protocol[Asked]):
    """Prompts that wait."""

    def take(self) -> tuple[Engine, Sequence[tuple[Asked, Seat | None]]] | None:
        """An engine, and the prompts that it is to be asked now, with their seats; None while none has room."""

    def again(self, prompt: Asked) -> None:
        """Have a prompt asked again, whose engine died."""

    def __len__(self) -> int:
        """Prompts that wait."""


class ByLoad(Generic[Asked]):
    """The engine that has the least to do is asked the next prompt about its clip; if none is left, the first about the next
    clip; if no clip is left either, the last about the clip of which most prompts wait.

    So clips stay together, and no engine has less to do than the others while prompts wait.
    """

    def __init__(self, prompts: Sequence[Asked], samples: Callable[[Asked], int], load: Load) -> None:
        """
        Args:
            prompts: in their order.
            samples: how many samples a prompt asks for.
            load: of the engines.
        """
        self._samples, self._load = samples, load
        self._next = deque(map(deque, by_clip(prompts)))
        """Clips that no engine is at, each with its prompts."""
        self._at: dict[str, deque[Asked]] = {}
        """Name of an engine's slot -> the prompts about its clip that wait."""
        self._count = len(prompts)

    def take(self) -> tuple[Engine, Sequence[tuple[Asked, Seat | None]]] | None:
        """An engine and one prompt."""
        for slot in self._load.slots:
            if not slot.serving and slot.name in self._at:
                self._next.appendleft(self._at.pop(slot.name))
        if not self._count:
            return None
        engine = self._load.take([self._offer(slot) for slot in self._load.slots])
        return None if engine is None else (engine, [(self._given(engine.slot), None)])

    def again(self, prompt: Asked) -> None:
        """It comes first; or first about its clip, if others about it wait."""
        self._count += 1
        clips = itertools.chain(self._at.values(), self._next)
        clip = next((clip for clip in clips if prompt.media and clip[0].media == prompt.media), None)
        if clip is None:
            self._next.appendleft(deque([prompt]))
        else:
            clip.appendleft(prompt)

    def __len__(self) -> int:
        return self._count

    def _offer(self, slot: EngineSlot) -> Offer:
        """What an engine would be asked: rather about its clip than about another, and rather about one that it was asked about
        before than about a new one."""
        if clip := self._at.get(slot.name):
            return Offer(slot, self._samples(clip[0]), 0)
        if self._next:
            first = self._next[0][0]
            return Offer(slot, self._samples(first), 1 if first.media in slot.media else 2)
        return Offer(slot, self._samples(self._longest()[-1]), 3)

    def _given(self, slot: EngineSlot) -> Asked:
        """The prompt of an engine's offer, which waits no longer."""
        self._count -= 1
        if slot.name in self._at:
            prompt = self._at[slot.name].popleft()
        elif self._next:
            self._at[slot.name] = self._next.popleft()
            prompt = self._at[slot.name].popleft()
            slot.media.append(prompt.media)
        else:
            prompt = self._longest().pop()
            slot.media.append(prompt.media)
        self._at = {name: clip for name, clip in self._at.items() if clip}
        return prompt

    def _longest(self) -> deque[Asked]:
        return max(self._at.values(), key=len)


class ByPlace(Generic[Asked]):
    """Clips are dealt to the engines, and each engine gets its prompts in batches, one when the last is done: who is asked what
    together is the same in every run. A prompt whose engine died is asked by itself, of the engine that has the least to do."""

    def __init__(self, name: str, prompts: Sequence[Asked], samples: Callable[[Asked], int], load: Load) -> None:
        """
        Args:
            name: of these prompts, unlike that of any others.
            prompts: in their order.
            samples: how many samples a prompt asks for.
            load: of the engines.
        """
        self._load, self._samples, self._again = load, samples, ByLoad[Asked]([], samples, load)
        hands = dealt(by_clip(prompts), samples, len(load.slots))
        self._batches = [deque(batches(hand, samples, load.most)) for hand in hands]
        self._names = [(f"{name}.{number}" for number in itertools.count()) for _ in load.slots]

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
