"""The rollout engines as one thing: generate groups, reason, load weights, replace the dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors.engine.actor import RolloutEngine
from actors.engine.setup import EngineSpec
from actors.pool.dispatch import Dispatcher, EngineSlot, GenerationTimeout
from actors.sync.round import SyncBound, SyncTimeout, find_the_dead, give
from actors.sync.transfer import Transfer
from rewards.errors import UserError
from rl.config.schema import RolloutConfig
from rollout.prompts import EncodedPrompt
from rollout.reasoning import Judge, Reasoned
from rollout.rows import Row
from rollout.samples import Group, Prompt, SamplingSpec

Sampling = SamplingSpec | Callable[[Prompt], SamplingSpec]
SHUTDOWN_SECONDS = 10.0
MOST_DEATHS = 3
"""Of one engine, before the run ends."""


class EngineKeepsDying(UserError):
    """An engine was replaced too often."""


@dataclass(frozen=True)
class SyncReport:
    version: int
    pause_seconds: float
    """The longest time that an engine generated nothing."""
    bytes: int


class EnginePool:
    """A pool of engines. One that dies is replaced; its successor takes the weights of the last sync, or the next one's."""

    def __init__(self, config: RolloutConfig, tell: Callable[[str], None]) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            config: how many, and what each may use.
            tell: told of deaths and replacements.
        """
        gpus = config.gpus * config.tensor_parallel
        actor = ray.remote(RolloutEngine).options(max_concurrency=4096, num_cpus=config.cpus, num_gpus=gpus)
        self._new = lambda name: actor.remote(name, config.threads, config.cache_gib)
        self.seats = [EngineSlot(name, self._new(name)) for name in (f"engine {index}" for index in range(config.engines))]
        self.timeout, self.sync_timeout = config.timeout, config.sync_timeout
        self.tell = tell
        self.dispatcher = Dispatcher(self.seats, config.max_sequences, self.timeout, self._lost, self._bring_back)
        self.deaths = 0
        self._starting: dict[str, Any] = {}
        self._loading = threading.Lock()
        self._last: tuple[Transfer, int] | None = None
        """What the last sync loaded."""

    def start(self, spec: EngineSpec) -> list[Any]:
        """Load a model; returns references that are ready when the engines are, each to its node's id."""
        self.spec = spec
        return [seat.actor.start.remote(spec) for seat in self.seats]

    def started(self, nodes: Sequence[str]) -> None:
        """Take note of what the references of `start` said."""
        for seat, node in zip(self.seats, nodes, strict=True):
            seat.node = node

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, where there is no learner to ask."""
        return ray.get(self.seats[0].actor.encode.remote(rows), timeout=self.timeout)

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Any]]:
        """(prompt, reference to its group), in the order in which the groups become whole."""
        spec_of = sampling if callable(sampling) else lambda _: sampling
        return self.dispatcher.stream(
            prompts,
            lambda prompt: spec_of(prompt).count,
            lambda engine, prompt: engine.generate.options(num_returns=2).remote(prompt, spec_of(prompt)),
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
        """Answer each prompt stage by stage, by its own judge; in order. `told` is called after each."""
        by_key = {prompt.key: judge for prompt, judge in zip(prompts, judges, strict=True)}
        return _in_order(
            prompts,
            self.dispatcher.stream(
                prompts,
                lambda _: sampling.count,
                lambda engine, prompt: engine.reason.options(num_returns=2).remote(prompt, sampling, by_key[prompt.key]),
            ),
            told,
        )

    def load(self, delivery: Transfer, version: int) -> SyncReport:
        """Give every engine new weights. Returns when all that live serve `version`; waits for a successor if none lives.

        Args:
            delivery: the way that the weights take.
            version: what the engines then are.

        Raises:
            SyncTimeout: naming who has not finished.
            LearnerLost: if a learner rank dies while it sends.
        """
        with self._loading:
            self._last = None  # it is about to be overwritten
            delivery.prepare()
            bound = SyncBound(version, self.sync_timeout)
            find_the_dead(self.dispatcher, bound)
            seats = [seat for seat in self.seats if seat.serving]
            pauses: list[float] = []
            while seats or not pauses:
                seats += self._successors(wait=0.0 if seats else max(0.1, bound.left()))
                taken, seats = give(self.dispatcher, seats, delivery, version, bound)
                pauses += taken
            self._last = (delivery, version)
        return SyncReport(version, max(pauses), delivery.bytes)

    def probe(self, prompt: Prompt, sampling: SamplingSpec) -> list[Group]:
        """The same prompt on every engine, to compare with the learner; on a successor if none lives."""
        deadline = time.monotonic() + self.timeout
        while not (answers := self._from_each(lambda engine: engine.generate.remote(prompt, sampling))):
            if time.monotonic() > deadline:
                raise GenerationTimeout(f"no engine answered the probe within {self.timeout:.0f} s (rollout.timeout)")
            time.sleep(0.1)
            self._bring_back()
        return [group for _, (_, group) in answers]

    def busy_seconds(self) -> dict[str, float]:
        """Of each engine that serves, since it started; a successor has a name of its own."""
        return dict(self._from_each(lambda engine: engine.busy_seconds.remote()))

    def shutdown(self) -> None:
        """Stop all engines, whatever they are doing, and end all streams."""
        self.dispatcher.close()
        calls = [seat.actor.shutdown.remote() for seat in self.seats if seat.serving]
        if calls:
            ray.wait(calls, num_returns=len(calls), timeout=SHUTDOWN_SECONDS)
        for seat in self.seats:
            ray.kill(seat.actor)

    def _from_each(self, call: Callable[[Any], Any]) -> list[tuple[str, Any]]:
        """(name, answer) of every engine that serves, without those that turn out to be dead."""
        calls = [(f"{seat.name}.{seat.deaths}", seat, seat.actor, call(seat.actor)) for seat in self.seats if seat.serving]
        found = []
        for name, seat, actor, ref in calls:
            try:
                found.append((name, ray.get(ref, timeout=self.timeout)))
            except RayActorError as death:
                self.dispatcher.report(seat, actor, death)
        return found

    def _lost(self, seat: EngineSlot, reason: str) -> None:
        """Have a successor started for an engine that died."""
        self.deaths += 1
        seat.deaths += 1
        ray.kill(seat.actor)  # it may only have been out of reach
        if seat.deaths > MOST_DEATHS:
            raise EngineKeepsDying(f"{seat.name} has died {seat.deaths} times, last: {reason}")
        self.tell(f"{seat.name} died ({reason}); its prompts are asked again, and a successor is being started")
        seat.actor, seat.base = self._new(seat.name), None
        self._starting[seat.name] = seat.actor.start.remote(self.spec)

    def _bring_back(self) -> None:
        """Have successors that are ready serve what the last sync loaded, unless a sync is under way, which does it itself."""
        if not self._starting or not self._loading.acquire(blocking=False):
            return
        try:
            if self.spec.serve_as_loaded:
                for seat in self._successors(wait=0.0):
                    self.dispatcher.serve(seat, seat.actor)
            elif self._last is not None:
                delivery, version = self._last
                again = delivery.again()
                ready = self._successors(wait=0.0) if again is not None else []
                while again is not None and ready:
                    _, ready = give(self.dispatcher, ready, again, version, SyncBound(version, self.sync_timeout))
        finally:
            self._loading.release()

    def _successors(self, wait: float) -> list[EngineSlot]:
        """Seats whose successors have loaded their model by now, or, of the first one, within so many seconds.

        Raises:
            SyncTimeout: if none has by then, though it was waited for.
        """
        ready, _ = ray.wait(list(self._starting.values()), timeout=max(0.0, wait)) if self._starting else ([], [])
        if wait > 0 and not ready:
            raise SyncTimeout(f"no engine is left, and no successor was ready within {wait:.0f} s (rollout.sync_timeout)")
        found = []
        for seat in self.seats:
            if self._starting.get(seat.name) not in ready:
                continue
            ref = self._starting.pop(seat.name)
            try:
                seat.node = ray.get(ref)
            except (RayActorError, RayTaskError) as death:
                self.dispatcher.report(seat, seat.actor, death)
                continue
            self.tell(f"{seat.name} has a successor, which serves from now on")
            found.append(seat)
        return found


def _in_order(prompts: Sequence[Prompt], answers: Iterator[tuple[Prompt, Any]], told: Callable[[], None]) -> list[Any]:
    found = {}
    for prompt, answer in answers:
        found[prompt.key] = answer
        told()
    return ray.get([found[prompt.key] for prompt in prompts])


class HasBusySeconds(Protocol):
    def busy_seconds(self) -> dict[str, float]: ...


class EngineClock:
    """How much of the time the engines had nothing to do."""

    def __init__(self, engines: HasBusySeconds) -> None:
        self._engines = engines
        self._last = (time.perf_counter(), engines.busy_seconds())

    def idle_share(self) -> float:
        """Since the last call, mean over the engines that were there then and are now; 0 if there are none."""
        (then, before), self._last = self._last, (time.perf_counter(), self._engines.busy_seconds())
        now, after = self._last
        shares = [1.0 - (after[name] - before[name]) / (now - then) for name in before.keys() & after.keys()]
        return min(1.0, max(0.0, sum(shares) / max(1, len(shares))))
