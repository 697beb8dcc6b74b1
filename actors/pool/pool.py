"""The rollout engines as one thing: start, generate, reason, replace the dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.engine.actor import RolloutEngine
from actors.engine.setup import EngineSpec
from actors.pool.dispatch import Dispatcher, GenerationTimeout
from actors.pool.idle_share import BusyReading, idle_share
from actors.pool.slot import Engine, EngineSlot
from rewards.errors import UserError
from rl.config.schema import RolloutConfig
from rollout.prompts import EncodedPrompt
from rollout.reasoning import Judge, Reasoned
from rollout.rows import Row
from rollout.samples import Group, Prompt, SamplingSpec

Sampling: TypeAlias = SamplingSpec | Callable[[Prompt], SamplingSpec]
"""How completions are drawn: alike for all prompts, or as a function says for each."""
SHUTDOWN_SECONDS = 10.0
MOST_DEATHS = 3
"""How often the engine of one slot may die before the run ends."""


class EngineKeepsDying(UserError):
    """The engine of one slot was replaced too often."""


class EnginePool:
    """A pool of engines. One that dies is replaced, and its prompts are asked again.

    What a successor is given before it serves is decided by `revive`: nothing by default, which is right for engines that serve
    a model as it was loaded; `WeightSync` sets it to what the last sync gave the others.
    """

    def __init__(self, config: RolloutConfig, tell: Callable[[str], None]) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            config: how many engines, and what each may use.
            tell: told of deaths and replacements.
        """
        gpus = config.gpus * config.tensor_parallel
        actor = ray.remote(RolloutEngine).options(max_concurrency=4096, num_cpus=config.cpus, num_gpus=gpus)
        self._new = lambda name: actor.remote(name, config.threads, config.cache_gib)
        self.slots = [EngineSlot(name, self._new(name)) for name in (f"engine {index}" for index in range(config.engines))]
        self.timeout, self.tell = config.timeout, tell
        self.dispatcher = Dispatcher(self.slots, config.max_sequences, self.timeout, self._lost, self._bring_back)
        self.deaths = 0
        """Engines that have died, in all slots."""
        self.revive: Callable[[], None] = self._serve_as_loaded
        """Called while some successor is not serving yet, with `reviving` held."""
        self.reviving = threading.Lock()
        """Held by whoever has successors serve: `revive`, or a sync, which gives them the new weights itself."""
        self._starting: dict[str, Any] = {}
        """Slot's name -> reference that is ready when its successor has loaded the model."""
        self._busy = BusyReading({})

    def start(self, spec: EngineSpec) -> list[Any]:
        """Load a model; returns references that are ready when the engines are, each to its node's id."""
        self.spec = spec
        return [slot.actor.start.remote(spec) for slot in self.slots]

    def started(self, nodes: Sequence[str]) -> None:
        """Take note of what the references of `start` said."""
        for slot, node in zip(self.slots, nodes, strict=True):
            slot.node = node

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order; for where there is no learner to ask."""
        encoded: list[EncodedPrompt] = ray.get(self.slots[0].actor.encode.remote(rows), timeout=self.timeout)
        return encoded

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Any]]:
        """(prompt, reference to its group), in the order in which the groups become whole."""
        spec_of = sampling if callable(sampling) else lambda _: sampling
        return self.dispatcher.stream(
            prompts,
            lambda prompt: spec_of(prompt).count,
            lambda actor, prompt: actor.generate.options(num_returns=2).remote(prompt, spec_of(prompt)),
        )

    def groups(self, prompts: Sequence[Prompt], sampling: Sampling, told: Callable[[], None] = lambda: None) -> list[Group]:
        """A group for each prompt, in order; `told` is called as each becomes whole."""
        return _in_order(prompts, self.generate(prompts, sampling), told)

    def reason(
        self,
        prompts: Sequence[Prompt],
        sampling: SamplingSpec,
        judges: Sequence[Judge],
        told: Callable[[], None] = lambda: None,
    ) -> list[Reasoned]:
        """Answer each prompt stage by stage, each by its own judge; in order. `told` is called after each."""
        by_key = {prompt.key: judge for prompt, judge in zip(prompts, judges, strict=True)}
        answers = self.dispatcher.stream(
            prompts,
            lambda _: sampling.count,
            lambda actor, prompt: actor.reason.options(num_returns=2).remote(prompt, sampling, by_key[prompt.key]),
        )
        return _in_order(prompts, answers, told)

    def probe(self, prompt: Prompt, sampling: SamplingSpec) -> list[Group]:
        """The same prompt on every engine that serves, for a comparison with the learner; waits for a successor if none does.

        Raises:
            GenerationTimeout: if no engine answers within `rollout.timeout`.
        """
        deadline = time.monotonic() + self.timeout
        while not (answers := self._from_each(lambda actor: actor.generate.remote(prompt, sampling))):
            if time.monotonic() > deadline:
                raise GenerationTimeout(f"no engine answered the probe within {self.timeout:.0f} s (rollout.timeout)")
            time.sleep(0.1)
            self._bring_back()
        return [group for _, (_, group) in answers]

    def idle_share(self) -> float:
        """Share of the time since the last call in which engines had nothing to do, 0 to 1: the mean over the engines that
        served then and now; 0 if there are none, as at the first call."""
        before, self._busy = self._busy, BusyReading(dict(self._from_each(lambda actor: actor.busy_seconds.remote())))
        return idle_share(before, self._busy)

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
        self.tell(f"{slot.name} died ({reason}); its prompts are asked again, and a successor is being started")
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


def _in_order(prompts: Sequence[Prompt], answers: Iterator[tuple[Prompt, Any]], told: Callable[[], None]) -> list[Any]:
    found = {}
    for prompt, answer in answers:
        found[prompt.key] = answer
        told()
    gathered: list[Any] = ray.get([found[prompt.key] for prompt in prompts])
    return gathered
