"""The rollout engines as one thing: generate groups, reason, load weights, replace the dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayActorError

from actors.dispatch import Dispatcher, Seat
from actors.engine import EngineSpec, RolloutEngine
from actors.shipment import Shipment
from rl.config import RolloutConfig
from rollout.prompts import EncodedPrompt
from rollout.reasoning import Judge, Reasoned
from rollout.rows import Row
from rollout.samples import Group, Prompt, SamplingSpec

Sampling = SamplingSpec | Callable[[Prompt], SamplingSpec]
MOST_DEATHS = 3
"""Of one engine, before the run ends."""


class SyncTimeout(RuntimeError):
    """Some engine did not take new weights within the bound."""


class EngineKeepsDying(RuntimeError):
    """An engine was replaced too often."""


@dataclass(frozen=True)
class SyncReport:
    version: int
    pause_seconds: float
    """The longest time that an engine generated nothing."""
    bytes: int


class Rollouts:
    """A pool of engines. One that dies is replaced; its successor serves from the next sync on."""

    def __init__(self, config: RolloutConfig, tell: Callable[[str], None]) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            config: how many, and what each may use.
            tell: told of deaths and replacements.
        """
        gpus = config.gpus * config.tensor_parallel
        actor = ray.remote(RolloutEngine).options(max_concurrency=4096, num_cpus=config.cpus, num_gpus=gpus)
        self._new = lambda name: actor.remote(name, config.threads, config.cache_gib)
        self.seats = [Seat(name, self._new(name)) for name in (f"engine {index}" for index in range(config.engines))]
        self.timeout, self.sync_timeout = config.timeout, config.sync_timeout
        self.tell = tell
        self.deaths = 0
        self._starting: dict[str, Any] = {}

    def start(self, spec: EngineSpec) -> list[Any]:
        """Load a model; returns references that are ready when the engines are, each to its node's id."""
        self.spec = spec
        self.dispatcher = Dispatcher(self.seats, spec.max_sequences, self.timeout, self._lost)
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

    def groups(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Group]:
        """A group for each prompt, in order."""
        return _in_order(prompts, self.generate(prompts, sampling))

    def reason(self, prompts: Sequence[Prompt], sampling: SamplingSpec, judges: Sequence[Judge]) -> list[Reasoned]:
        """Answer each prompt stage by stage, by its own judge; in order."""
        by_key = {prompt.key: judge for prompt, judge in zip(prompts, judges, strict=True)}
        return _in_order(
            prompts,
            self.dispatcher.stream(
                prompts,
                lambda _: sampling.count,
                lambda engine, prompt: engine.reason.options(num_returns=2).remote(prompt, sampling, by_key[prompt.key]),
            ),
        )

    def load(self, shipment: Shipment, copy: Callable[[], Any], version: int) -> SyncReport:
        """Give every engine new weights. Returns when all that live serve `version`.

        Args:
            shipment: the weights, on the learner's node.
            copy: makes a reference to them that other nodes can read.
            version: what the engines then are.

        Raises:
            SyncTimeout: naming the engines that have not taken them.
            NoEngineLeft: if the last engine dies.
        """
        seats = [seat for seat in self.seats if seat.serving] + list(self._replacements())
        image = copy() if any(seat.node != shipment.node for seat in seats) else None
        calls = {seat.actor.load.remote(shipment, None if seat.node == shipment.node else image, version): seat for seat in seats}
        deadline = time.monotonic() + self.sync_timeout
        pauses = []
        while calls:
            done, _ = ray.wait(list(calls), timeout=max(0.0, deadline - time.monotonic()))
            if not done:
                waiting = ", ".join(sorted(seat.name for seat in calls.values()))
                raise SyncTimeout(
                    f"{waiting}: did not take the weights of version {version} from the learner within "
                    f"{self.sync_timeout:.0f} s (rollout.sync_timeout)"
                )
            seat = calls.pop(done[0])
            try:
                pauses.append(ray.get(done[0]))
                seat.serving = True
            except RayActorError as death:
                self.dispatcher.report(seat, death)
        return SyncReport(version, max(pauses), shipment.bytes)

    def probe(self, prompt: Prompt, sampling: SamplingSpec) -> list[Group]:
        """The same prompt on every engine, to compare with the learner."""
        refs = [seat.actor.generate.remote(prompt, sampling) for seat in self.seats if seat.serving]
        return [group for _, group in ray.get(refs, timeout=self.timeout)]

    def busy_seconds(self) -> float:
        """Mean over the engines that serve, since they started."""
        found = ray.get([seat.actor.busy_seconds.remote() for seat in self.seats if seat.serving], timeout=self.timeout)
        return sum(found) / len(found)

    def shutdown(self) -> None:
        ray.get([seat.actor.shutdown.remote() for seat in self.seats if seat.serving])

    def _lost(self, seat: Seat, reason: str) -> None:
        """Have a successor started for an engine that died."""
        self.deaths += 1
        ray.kill(seat.actor)  # it may only have been out of reach
        if seat.deaths > MOST_DEATHS:
            raise EngineKeepsDying(f"{seat.name} has died {seat.deaths} times, last: {reason}")
        self.tell(f"{seat.name} died ({reason}); its prompts are asked again of others, and a successor is being started")
        seat.actor = self._new(seat.name)
        self._starting[seat.name] = seat.actor.start.remote(self.spec)

    def _replacements(self) -> Iterator[Seat]:
        """Successors that have loaded their model by now."""
        for seat in self.seats:
            ref = self._starting.get(seat.name)
            if ref is not None and ray.wait([ref], timeout=0)[0]:
                del self._starting[seat.name]
                seat.node = ray.get(ref)
                self.tell(f"{seat.name} has a successor, which serves from now on")
                yield seat


def _in_order(prompts: Sequence[Prompt], answers: Iterator[tuple[Prompt, Any]]) -> list[Any]:
    found = {prompt.key: answer for prompt, answer in answers}
    return ray.get([found[prompt.key] for prompt in prompts])
