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

from rollout.samples import Prompt


class GenerationTimeout(RuntimeError):
    """The engines finished nothing within the bound."""


class NoEngineLeft(RuntimeError):
    """Every rollout engine has died."""


@dataclass
class Seat:
    """An engine's place in the pool."""

    name: str
    actor: Any
    node: str = ""
    serving: bool = True
    load: int = 0
    """Samples that it was asked for and has not given yet."""
    deaths: int = 0
    media: deque[Any] = field(default_factory=lambda: deque(maxlen=64))
    """Of the prompts that it was asked about last, whose vision features and prefixes it may still hold."""


Call = Callable[[Any, Prompt], Any]
"""(engine actor, prompt) -> references to (seconds, answer)."""


class Dispatcher:
    """Hands prompts to engines, never more than `most` samples at a time to any; the rest wait here."""

    def __init__(self, seats: Sequence[Seat], most: int, timeout: float, lost: Callable[[Seat, str], None]) -> None:
        """
        Args:
            seats: the engines.
            most: samples that an engine is asked for before it has to have finished some.
            timeout: seconds within which some engine has to finish something.
            lost: told of an engine's death, once.
        """
        self.seats, self.most, self.timeout = seats, most, timeout
        self._lost = lost
        self._lock = threading.Lock()

    def stream(self, prompts: Sequence[Prompt], samples: Callable[[Prompt], int], call: Call) -> Iterator[tuple[Prompt, Any]]:
        """Ask every prompt for so many samples; yields (prompt, reference to its answer) as they are finished, each once.

        What is outstanding is cancelled if the caller stops before the end.

        Raises:
            GenerationTimeout: naming the engines that are waited for.
            NoEngineLeft: if the last engine dies.
        """
        waiting = deque(prompts)
        asked: dict[Any, tuple[Seat, Prompt, Any]] = {}
        heard = time.monotonic()
        try:
            while waiting or asked:
                while waiting and (seat := self._take(waiting[0], samples(waiting[0]))):
                    prompt = waiting.popleft()
                    receipt, answer = call(seat.actor, prompt)
                    asked[receipt] = (seat, prompt, answer)
                done, _ = ray.wait(list(asked), timeout=1.0) if asked else ([], time.sleep(0.01))
                if not done and time.monotonic() - heard > self.timeout:
                    raise GenerationTimeout(self._waited_for(asked, waiting))
                for receipt in done:
                    heard = time.monotonic()
                    seat, prompt, answer = asked.pop(receipt)
                    self._give_back(seat, samples(prompt))
                    try:
                        ray.get(receipt)
                    except RayActorError as death:
                        self.report(seat, death)
                        waiting.appendleft(prompt)
                    else:
                        yield prompt, answer
        finally:
            for receipt, (seat, prompt, _) in asked.items():
                self._give_back(seat, samples(prompt))
                ray.cancel(receipt)

    def report(self, seat: Seat, death: RayActorError) -> None:
        """Take an engine out that was found dead."""
        with self._lock:
            if not seat.serving:
                return
            seat.serving = False
            seat.deaths += 1
        reason = str(death).splitlines()[0]
        self._lost(seat, reason)
        if not any(other.serving for other in self.seats):
            raise NoEngineLeft(f"no rollout engine is left; {seat.name} was the last: {reason}") from death

    def _take(self, prompt: Prompt, samples: int) -> Seat | None:
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

    def _give_back(self, seat: Seat, samples: int) -> None:
        with self._lock:
            seat.load -= samples

    def _waited_for(self, asked: dict[Any, tuple[Seat, Prompt, Any]], waiting: Sequence[Prompt]) -> str:
        by_name: dict[str, list[str]] = {}
        for seat, prompt, _ in asked.values():
            by_name.setdefault(seat.name, []).append(prompt.key)
        shown = "; ".join(f"{name} has {len(keys)} prompts, e.g. {keys[0]}" for name, keys in sorted(by_name.items()))
        return (
            f"no group was finished for {self.timeout:.0f} s (rollout.timeout): {shown or 'no engine is free'}; "
            f"{len(waiting)} prompts were not yet asked"
        )
