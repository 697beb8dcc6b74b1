"""LoRA adapters alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from actors.learners.group import LearnerGroup
from actors.pool.slot import Engine
from actors.sync.memory import MemoryTransfer
from actors.sync.transfer import Underway
from rl.config.schema import RolloutConfig


class AdapterTransfer:
    """Engines are sent the learner's adapters. An engine that does not have the base, the weights under the adapters, is sent
    that too: the base stays as it is until the learner begins anew from another checkpoint."""

    def __init__(self, learners: LearnerGroup, rollout: RolloutConfig) -> None:
        self._learners, self._timeout = learners, rollout.sync_timeout
        self._base = MemoryTransfer(learners, rollout)
        self._number: int | None = None
        """Number (`LearnerGroup.bases`) of the base that is in memory; None before the first."""
        self._last: dict[str, tuple[Any, Any]] = {}
        """Engine's name -> (the actor that was given the base, reference to what it was sent last)."""
        self._adapter: Any = None
        """Reference to the adapters of the present sync, a safetensors image."""
        self._adapter_bytes = self._bytes = 0

    @property
    def bytes(self) -> int:
        return self._bytes

    def prepare(self) -> None:
        if self._number != self._learners.bases:
            self._base.prepare()
            self._number = self._learners.bases
            self._last.clear()
        self._adapter, self._adapter_bytes = self._learners.adapter(self._timeout)
        self._bytes = self._adapter_bytes

    def start(self, engines: Sequence[Engine], version: int) -> Underway:
        lacking = [engine for engine in engines if not self._has_base(engine)]
        places = {engine.name: place for engine, place in zip(lacking, self._base.places(lacking), strict=True)}
        if lacking:
            self._bytes = self._adapter_bytes + self._base.bytes
        taking = {}
        for engine in engines:
            taken = engine.actor.load.remote(*places.get(engine.name, (None, None)), version, self._adapter)
            self._last[engine.name] = engine.actor, taken
            taking[taken] = engine
        return Underway(taking)

    def _has_base(self, engine: Engine) -> bool:
        """Whether this very actor was given the base, and has taken all that it was sent. One that failed may have lost it."""
        actor, taken = self._last.get(engine.name, (None, None))
        if actor is not engine.actor:
            return False
        try:
            ray.get(taken, timeout=0)
        except RayError:
            return False
        return True

    def again(self) -> AdapterTransfer:
        return self
