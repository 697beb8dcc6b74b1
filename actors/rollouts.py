"""The rollout engines as one thing: generate groups, load weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray

from actors.engine import EngineSpec, RolloutEngine
from rollout.samples import Group, Prompt, SamplingSpec


@dataclass(frozen=True)
class SyncReport:
    version: int
    pause_seconds: float
    """The longest time that an engine generated nothing."""
    bytes: int


class Rollouts:
    """A fixed set of engines; prompts go round robin, groups come back as object references."""

    def __init__(self, engines: int, cpus: float, gpus: float, threads: int, cache_gib: float) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            engines: how many.
            cpus: CPUs that each reserves.
            gpus: GPUs that each reserves, over all its tensor-parallel ranks.
            threads: compute threads of each, on CPUs.
            cache_gib: key-value cache of each, on CPUs.
        """
        options: dict[str, Any] = {"num_cpus": cpus, "num_gpus": gpus, "max_concurrency": 4096}
        actor = ray.remote(RolloutEngine).options(**options)
        self.engines = [actor.remote(f"engine {index}", threads, cache_gib) for index in range(engines)]
        self._turn = itertools.cycle(self.engines)

    def start(self, spec: EngineSpec) -> list[Any]:
        """Load a model; returns references that are ready when the engines are."""
        return [engine.start.remote(spec) for engine in self.engines]

    def generate(self, prompts: Sequence[Prompt], sampling: SamplingSpec) -> list[Any]:
        """Ask for one group a prompt; each reference is ready the moment its group is whole."""
        return [next(self._turn).generate.remote(prompt, sampling) for prompt in prompts]

    def load(self, image: Any, version: int, timeout: float) -> SyncReport:
        """Give every engine the weights behind the reference `image`. Returns when all serve `version`."""
        pauses = ray.get([engine.load.remote(image, version) for engine in self.engines], timeout=timeout)
        return SyncReport(version, max(pauses), int(ray.get(image).nbytes))

    def probe(self, prompt: Prompt, sampling: SamplingSpec) -> list[Group]:
        """The same prompt on every engine, to compare with the learner."""
        return ray.get([engine.generate.remote(prompt, sampling) for engine in self.engines])

    def shutdown(self) -> None:
        ray.get([engine.shutdown.remote() for engine in self.engines])
