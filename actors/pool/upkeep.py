"""Engines as one thing that is always there: started, asked through a dispatcher, replaced when they die, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.forwarding import start_actor
from actors.pool.dispatch import Dispatcher
from actors.pool.idle_share import BusyReading
from actors.pool.slot import Engine, EngineSlot
from rewards.errors import UserError
from rl.config.schema import JudgeConfig, RolloutConfig

SHUTDOWN_SECONDS = 10.0
MOST_DEATHS = 3
"""How often the engine of one slot may die before the run ends."""


class EngineKeepsDying(UserError):
    """The engine of one slot was replaced too often."""


class Pool:
    """Some engines. One that dies is replaced, and what it was asked is asked again.

    What a successor is given before it serves is decided by `revive`: nothing by default, which is right for engines that serve
    a model as it was loaded; `WeightSync` sets it to what the last sync gave the others.
    """

    def __init__(self, kind: type, title: str, config: RolloutConfig | JudgeConfig, tell: Callable[[str], None]) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            kind: class of their actors, made from a name, a number of threads and GiB of cache.
            title: what an engine is called, before its number.
            config: how many engines, and what each may use.
            tell: told of deaths and replacements.
        """
        gpus = config.gpus * config.tensor_parallel
        room: dict[str, Any] = {"num_cpus": config.cpus, "num_gpus": gpus}
        self._new: Callable[[str], Any] = lambda name: start_actor(
            kind, name, config.threads, config.cache_gib, max_concurrency=4096, **room
        )
        self.slots = [EngineSlot(name, self._new(name)) for name in (f"{title} {index}" for index in range(config.engines))]
        self.timeout, self.tell = config.timeout, tell
        self.dispatcher = Dispatcher(self.slots, config.max_sequences, config.timeout, self._lost, self._bring_back)
        self.deaths = 0
        """Engines that have died, in all slots."""
        self.revive: Callable[[], None] = self._serve_as_loaded
        """Called while some successor is not serving yet, with `reviving` held."""
        self.reviving = threading.Lock()
        """Held by whoever has successors serve: `revive`, or a sync, which gives them the new weights itself."""
        self._starting: dict[str, Any] = {}
        """Slot's name -> reference that is ready when its successor has loaded the model."""
        self._busy = BusyReading({})

    def start(self, spec: Any) -> list[Any]:
        """Load a model; returns references that are ready when the engines are, each to its node's id.

        Args:
            spec: what the actors' `start` takes; successors are told the same.
        """
        self.spec = spec
        return [slot.actor.start.remote(spec) for slot in self.slots]

    def started(self, nodes: Sequence[str]) -> None:
        """Take note of what the references of `start` said."""
        for slot, node in zip(self.slots, nodes, strict=True):
            slot.node = node

    def busy(self) -> tuple[BusyReading, BusyReading]:
        """How long each engine has been busy: at the last call, and now."""
        before, self._busy = self._busy, BusyReading(dict(self._from_each(lambda actor: actor.busy_seconds.remote())))
        return before, self._busy

    def successors(self, wait: float = 0.0) -> list[Engine]:
        """Successors that have loaded their model by now and do not serve yet. To be called with `reviving` held; whoever is
        given them has them serve.

        Args:
            wait: seconds to wait for the first, if none is ready.
        """
        ready, _ = ray.wait(list(self._starting.values()), timeout=wait) if self._starting else ([], [])
        found = []
        for slot in self.slots:
            if self._starting.get(slot.name) not in ready:
                continue
            reference = self._starting.pop(slot.name)
            try:
                slot.node = ray.get(reference)
            except (RayActorError, RayTaskError) as death:
                self.dispatcher.report(slot.engine, death)
                continue
            self.tell(f"{slot.name} has a successor, which serves from now on")
            found.append(slot.engine)
        return found

    def shutdown(self) -> None:
        """Stop all engines, whatever they are doing, and end all streams."""
        self.dispatcher.close()
        calls = [engine.actor.shutdown.remote() for engine in self.dispatcher.serving()]
        if calls:
            ray.wait(calls, num_returns=len(calls), timeout=SHUTDOWN_SECONDS)
        for slot in self.slots:
            ray.kill(slot.actor)

    def _from_each(self, call: Callable[[Any], Any]) -> list[tuple[str, Any]]:
        """(name, answer) of every engine that serves, without those that turn out to be dead. A successor has another name."""
        calls = [(f"{engine.name}.{engine.slot.deaths}", engine, call(engine.actor)) for engine in self.dispatcher.serving()]
        found = []
        for name, engine, reference in calls:
            try:
                found.append((name, ray.get(reference, timeout=self.timeout)))
            except RayActorError as death:
                self.dispatcher.report(engine, death)
        return found

    def _lost(self, slot: EngineSlot, reason: str) -> None:
        """Have a successor started for an engine that died."""
        self.deaths += 1
        slot.deaths += 1
        ray.kill(slot.actor)  # it may only have been out of reach
        if slot.deaths > MOST_DEATHS:
            raise EngineKeepsDying(f"{slot.name} has died {slot.deaths} times, last: {reason}")
        others = "; from here on the run may differ from others with its seed" if self.dispatcher.by_place else ""
        self.tell(f"{slot.name} died ({reason}); its prompts are asked again, and a successor is being started{others}")
        slot.actor = self._new(slot.name)
        self._starting[slot.name] = slot.actor.start.remote(self.spec)

    def _bring_back(self) -> None:
        """Have successors serve, unless somebody is at it."""
        if self._starting and self.reviving.acquire(blocking=False):
            try:
                self.revive()
            finally:
                self.reviving.release()

    def _serve_as_loaded(self) -> None:
        for engine in self.successors():
            self.dispatcher.serve(engine)
