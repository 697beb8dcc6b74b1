"""Which engine is asked what: the least loaded one, and again another if it dies."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import ray
from ray.exceptions import RayActorError

from actors.pool.slot import Engine, EngineSlot
from rewards.errors import UserError


class GenerationTimeout(UserError):
    """The engines finished nothing within the bound."""


class Asking(Protocol):
    """What engines are asked: a prompt of the policy, or a question to a judge. Called a prompt below."""

    @property
    def key(self) -> str:
        """Unique among all that is asked."""

    @property
    def media(self) -> Sequence[Any]:
        """Videos and images that it is about."""


Asked = TypeVar("Asked", bound=Asking)
Call = Callable[[Any, Asked], Any]
"""Asks an engine: (handle of its actor, prompt) -> (reference to a receipt, reference to the answer)."""


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
        self.slots, self.most, self.timeout = slots, most, timeout
        self._lost, self._bring_back = lost, bring_back
        self._heard = time.monotonic()
        self._closed = False
        self._lock = threading.Lock()

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
        waiting = deque(prompts)
        asked: dict[Any, _Given[Asked]] = {}
        self._heard = time.monotonic()
        try:
            while (waiting or asked) and not self._closed:
                while waiting and (engine := self._take(waiting[0], samples(waiting[0]))):
                    prompt = waiting.popleft()
                    receipt, answer = call(engine.actor, prompt)
                    asked[receipt] = _Given(engine, prompt, answer)
                done = _finished(list(asked))
                self._bring_back()
                if not done and time.monotonic() - self._heard > self.timeout:
                    raise GenerationTimeout(self._waited_for(asked, waiting))
                for receipt in done:
                    self._heard = time.monotonic()
                    one = asked.pop(receipt)
                    self._give_back(one.engine.slot, samples(one.prompt))
                    try:
                        ray.get(receipt)
                    except RayActorError as death:
                        self.report(one.engine, death)
                        waiting.appendleft(one.prompt)
                    else:
                        yield one.prompt, one.answer
        finally:
            for receipt, one in asked.items():
                self._give_back(one.engine.slot, samples(one.prompt))
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

    def _take(self, prompt: Asking, samples: int) -> Engine | None:
        """The least loaded engine that may be asked for more; among equals one that was asked about the same media."""
        media = prompt.media
        with self._lock:
            free = [slot for slot in self.slots if slot.serving and (not slot.load or slot.load + samples <= self.most)]
            if not free:
                return None
            slot = min(free, key=lambda slot: (slot.load, media not in slot.media))
            slot.load += samples
            slot.media.append(media)
            return slot.engine

    def _give_back(self, slot: EngineSlot, samples: int) -> None:
        with self._lock:
            slot.load -= samples

    def _waited_for(self, asked: Mapping[Any, _Given[Asked]], waiting: Sequence[Asked]) -> str:
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
