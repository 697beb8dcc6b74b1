"""Which engine is asked what: the least loaded one, and again another if it dies."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayActorError

from rewards.errors import UserError
from rollout.samples import Prompt


class GenerationTimeout(UserError):
    """The engines finished nothing within the bound."""


@dataclass
class EngineSlot:
    """An engine's place in the pool."""

    name: str
    actor: Any
    node: str = ""
    serving: bool = True
    load: int = 0
    """Samples that it was asked for and has not given yet."""
    deaths: int = 0
    base: tuple[Any, Any] | None = None
    """(actor, which weights it was given under an adapter), where it is sent the adapter alone."""
    media: deque[Any] = field(default_factory=lambda: deque(maxlen=64))
    """Of the prompts that it was asked about last, whose vision features and prefixes it may still hold."""


@dataclass(frozen=True)
class _Asked:
    """What an engine is at."""

    seat: EngineSlot
    actor: Any
    """The seat may have another by the time of the answer."""
    prompt: Prompt
    answer: Any


Call = Callable[[Any, Prompt], Any]
"""(engine actor, prompt) -> references to (seconds, answer)."""


class Dispatcher:
    """Hands prompts to engines, never more than `most` samples at a time to any; the rest wait here."""

    def __init__(
        self,
        seats: Sequence[EngineSlot],
        most: int,
        timeout: float,
        lost: Callable[[EngineSlot, str], None],
        bring_back: Callable[[], None],
    ) -> None:
        """
        Args:
            seats: the engines.
            most: samples that an engine is asked for before it has to have finished some.
            timeout: seconds within which some engine has to finish something.
            lost: told of an engine's death, once; gives the seat a successor.
            bring_back: called now and then while answers are waited for, to have successors serve.
        """
        self.seats, self.most, self.timeout = seats, most, timeout
        self._lost, self._bring_back = lost, bring_back
        self._heard = time.monotonic()
        self._closed = False
        self._lock = threading.Lock()

    def stream(self, prompts: Sequence[Prompt], samples: Callable[[Prompt], int], call: Call) -> Iterator[tuple[Prompt, Any]]:
        """Ask every prompt for so many samples; yields (prompt, reference to its answer) as they are finished, each once.

        What is outstanding is cancelled if the caller stops before the end, or the pool is closed.

        Raises:
            GenerationTimeout: naming the engines that are waited for.
        """
        waiting = deque(prompts)
        asked: dict[Any, _Asked] = {}
        self._heard = time.monotonic()
        try:
            while (waiting or asked) and not self._closed:
                while waiting and (seat := self._take(waiting[0], samples(waiting[0]))):
                    prompt = waiting.popleft()
                    actor = seat.actor
                    receipt, answer = call(actor, prompt)
                    asked[receipt] = _Asked(seat, actor, prompt, answer)
                done, _ = ray.wait(list(asked), timeout=1.0) if asked else ([], time.sleep(0.01))
                self._bring_back()
                if not done and time.monotonic() - self._heard > self.timeout:
                    raise GenerationTimeout(self._waited_for(asked, waiting))
                for receipt in done:
                    self._heard = time.monotonic()
                    one = asked.pop(receipt)
                    self._give_back(one.seat, samples(one.prompt))
                    try:
                        ray.get(receipt)
                    except RayActorError as death:
                        self.report(one.seat, one.actor, death)
                        waiting.appendleft(one.prompt)
                    else:
                        yield one.prompt, one.answer
        finally:
            for receipt, one in asked.items():
                self._give_back(one.seat, samples(one.prompt))
                ray.cancel(receipt)

    def report(self, seat: EngineSlot, actor: Any, death: RayActorError) -> None:
        """Take an engine out that was found dead, unless that was done before."""
        with self._lock:
            if seat.actor is actor and not self._closed:
                seat.serving = False
                self._lost(seat, str(death).splitlines()[0])

    def serve(self, seat: EngineSlot, actor: Any) -> None:
        """Ask an engine from now on, unless it was found dead in the meantime."""
        with self._lock:
            if seat.actor is actor:
                seat.serving = True

    def close(self) -> None:
        """Ask nothing more: every stream ends."""
        with self._lock:
            self._closed = True

    def _take(self, prompt: Prompt, samples: int) -> EngineSlot | None:
        """The least loaded engine that may be asked more; among equals one that was asked about the same media."""
        media = prompt.row.media
        with self._lock:
            free = [seat for seat in self.seats if seat.serving and (not seat.load or seat.load + samples <= self.most)]
            if not free:
                return None
            seat = min(free, key=lambda seat: (seat.load, media not in seat.media))
            seat.load += samples
            seat.media.append(media)
            return seat

    def _give_back(self, seat: EngineSlot, samples: int) -> None:
        with self._lock:
            seat.load -= samples

    def _waited_for(self, asked: dict[Any, _Asked], waiting: Sequence[Prompt]) -> str:
        by_name: dict[str, list[str]] = {}
        for one in asked.values():
            by_name.setdefault(one.seat.name, []).append(one.prompt.key)
        shown = "; ".join(f"{name} has {len(keys)} prompts, e.g. {keys[0]}" for name, keys in sorted(by_name.items()))
        return (
            f"no group was finished for {self.timeout:.0f} s (rollout.timeout): {shown or 'no engine is free'}; "
            f"{len(waiting)} prompts were not yet asked"
        )
