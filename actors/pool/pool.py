"""The rollout engines as one thing: prompts in, groups out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import ray

from actors.engine.actor import RolloutEngine
from actors.engine.cache_counts import CacheCounts
from actors.engine.setup import EngineSpec
from actors.pool.dispatch import GenerationTimeout
from actors.pool.hit_rates import hit_rates
from actors.pool.idle_share import idle_share
from actors.pool.upkeep import Pool
from rl.config.schema import RolloutConfig
from rollout.lengths import Fitted
from rollout.prompts import EncodedPrompt
from rollout.reasoning import Judge, Reasoned
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, SamplingSpec

Sampling: TypeAlias = SamplingSpec | Callable[[Prompt], SamplingSpec]
"""How completions are drawn: alike for all prompts, or as a function says for each."""


class EnginePool(Pool):
    """A pool of rollout engines."""

    def __init__(self, config: RolloutConfig, tell: Callable[[str], None]) -> None:
        super().__init__(RolloutEngine, "engine", config, tell)
        self._counts: dict[str, CacheCounts] = {}

    def start(self, spec: EngineSpec) -> list[Any]:
        """Load a model, and note whether runs are to be the same; as `Pool.start`."""
        self.dispatcher.by_place = spec.determinism
        return super().start(spec)

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order; for where there is no learner to ask."""
        encoded: list[EncodedPrompt] = ray.get(self.slots[0].actor.encode.remote(rows), timeout=self.timeout)
        return encoded

    def fit(self, rows: Sequence[Row], limit: int) -> list[Fitted | str]:
        """The prompts of rows, in order, with media as large as fit into so many tokens; in place of a prompt that cannot be,
        why. For where there is no learner to ask."""
        fitted: list[Fitted | str] = ray.get(self.slots[0].actor.fit.remote(rows, limit), timeout=self.timeout)
        return fitted

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Any]]:
        """(prompt, reference to its group), in the order in which the groups become whole."""
        spec_of = sampling if callable(sampling) else lambda _: sampling
        return self.dispatcher.stream(
            prompts,
            lambda prompt: spec_of(prompt).count,
            lambda actor, prompt, seat: actor.generate.options(num_returns=2).remote(prompt, spec_of(prompt), seat),
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
        return _in_order(prompts, self.reasoned(prompts, sampling, judges), told)

    def reasoned(
        self, prompts: Sequence[Prompt], sampling: SamplingSpec, judges: Sequence[Judge]
    ) -> Iterator[tuple[Prompt, Any]]:
        """(prompt, reference to what was reasoned about it by its own judge), in the order in which these are done."""
        by_key = {prompt.key: judge for prompt, judge in zip(prompts, judges, strict=True)}
        return self.dispatcher.stream(
            prompts,
            lambda _: sampling.count,
            lambda actor, prompt, seat: actor.reason.options(num_returns=2).remote(prompt, sampling, by_key[prompt.key], seat),
        )

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
        return idle_share(*self.busy())

    def hit_rates(self) -> dict[str, float]:
        """Metrics: shares of the tokens that engines were asked about since the last call that they need not compute."""
        before, self._counts = self._counts, dict(self._from_each(lambda actor: actor.cache_counts.remote()))
        return hit_rates(before, self._counts)


def _in_order(prompts: Sequence[Prompt], answers: Iterator[tuple[Prompt, Any]], told: Callable[[], None]) -> list[Any]:
    found = {}
    for prompt, answer in answers:
        found[prompt.key] = answer
        told()
    gathered: list[Any] = ray.get([found[prompt.key] for prompt in prompts])
    return gathered
