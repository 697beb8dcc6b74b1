"""Engines are asked, and again another if one dies."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import ray
from ray.exceptions import RayActorError

from actors.engine.rounds import Seat
from actors.pool.clips import Asked
from actors.pool.load import Load
from actors.pool.queues import ByLoad, ByPlace, Queue
from actors.pool.slot import Engine, EngineSlot
from rewards.errors import UserError


class GenerationTimeout(UserError):
    """The engines finished nothing within the bound."""


Call = Callable[[Any, Asked, Seat | None], Any]
"""Asks an engine: (handle of its actor, prompt, its seat in a batch) -> (reference to a receipt, reference to the answer)."""


@dataclass(frozen=True)
class _Given(Generic[Asked]):
    """A prompt that an engine is working on."""

    engine: Engine
    prompt: Asked
    answer: Any
    """Reference to the answer."""


class Dispatcher:
    """Hands prompts to engines, up to a number of samples at a time for each; other prompts wait here."""

    def __init__(
        self,
        slots: Sequence[EngineSlot],
        most: int,
        timeout: float,
        lost: Callable[[EngineSlot, str], None],
        bring_back: Callable[[], None],
    ) -> None:
        """
        Args:
            slots: the engines' places.
            most: samples that an engine is asked for at a time; a prompt that needs more is asked of an idle engine.
            timeout: seconds within which some engine has to finish something.
            lost: called once for each engine found dead, with its slot and the reason; gives the slot a successor.
            bring_back: called about once a second while answers are waited for; has successors that are ready serve.
        """
        self.slots, self.timeout = slots, timeout
        self.by_place = False
        """Whether a prompt's place decides which engine is asked, and with which others; else who has the least to do is."""
        self._lost, self._bring_back = lost, bring_back
        self._heard = time.monotonic()
        self._closed = False
        self._lock = threading.Lock()
        self._load = Load(slots, most, self._lock)
        self._streams = itertools.count()

    def stream(self, prompts: Sequence[Asked], samples: Callable[[Asked], int], call: Call[Asked]) -> Iterator[tuple[Asked, Any]]:
        """Ask every prompt; yields (prompt, reference to its answer) as the answers are finished, each prompt once.

        What is outstanding is cancelled if the caller stops before the end, or when the pool is closed.

        Args:
            prompts: asked in this order, as engines have room.
            samples: how many samples a prompt asks for.
            call: how an engine is asked.

        Raises:
            GenerationTimeout: naming the engines that are waited for.
        """
        waiting = self._queue(prompts, samples)
        asked: dict[Any, _Given[Asked]] = {}
        self._heard = time.monotonic()
        try:
            while (waiting or asked) and not self._closed:
                while (taken := waiting.take()) is not None:
                    engine, given = taken
                    for prompt, seat in given:
                        receipt, answer = call(engine.actor, prompt, seat)
                        asked[receipt] = _Given(engine, prompt, answer)
                done = _finished(list(asked))
                self._bring_back()
                if not done and time.monotonic() - self._heard > self.timeout:
                    raise GenerationTimeout(self._waited_for(asked, waiting))
                for receipt in done:
                    self._heard = time.monotonic()
                    one = asked.pop(receipt)
                    self._load.give_back(one.engine.slot, samples(one.prompt))
                    try:
                        ray.get(receipt)
                    except RayActorError as death:
                        self.report(one.engine, death)
                        waiting.again(one.prompt)
                    else:
                        yield one.prompt, one.answer
        finally:
            for receipt, one in asked.items():
                self._load.give_back(one.engine.slot, samples(one.prompt))
                ray.cancel(receipt)

    def serving(self) -> list[Engine]:
        """The engines that may be asked now."""
        return [slot.engine for slot in self.slots if slot.serving]

    def report(self, engine: Engine, death: Exception) -> None:
        """Take an engine out that was found dead, unless that was done before."""
        slot = engine.slot
        with self._lock:
            if slot.actor is engine.actor and not self._closed:
                slot.serving = False
                self._lost(slot, str(death).splitlines()[0])

    def serve(self, engine: Engine) -> None:
        """Ask an engine from now on, unless it was found dead in the meantime."""
        with self._lock:
            if engine.slot.actor is engine.actor:
                engine.slot.serving = True

    def close(self) -> None:
        """Ask nothing more: every stream ends."""
        with self._lock:
            self._closed = True

    def _queue(self, prompts: Sequence[Asked], samples: Callable[[Asked], int]) -> Queue[Asked]:
        if self.by_place:
            return ByPlace(f"stream {next(self._streams)}", prompts, samples, self._load)
        return ByLoad(prompts, samples, self._load)

    def _waited_for(self, asked: Mapping[Any, _Given[Asked]], waiting: Queue[Asked]) -> str:
        by_name: dict[str, list[str]] = {}
        for one in asked.values():
            by_name.setdefault(one.engine.name, []).append(one.prompt.key)
        shown = "; ".join(f"{name} has {len(keys)} prompts, e.g. {keys[0]}" for name, keys in sorted(by_name.items()))
        return (
            f"no group was finished for {self.timeout:.0f} s (rollout.timeout): {shown or 'no engine is free'}; "
            f"{len(waiting)} prompts were not yet asked"
        )


def _finished(receipts: list[Any]) -> list[Any]:
    """One that is ready, waited for up to a second; without receipts nothing, after a moment."""
    if not receipts:
        time.sleep(0.01)
        return []
    done, _ = ray.wait(receipts, timeout=1.0)
    ready: list[Any] = done
    return ready
