"""The judge's engines as one thing: questions in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from actors.judge.engine import Answered, JudgeEngine
from actors.pool.idle_share import BusyReading, idle_share
from actors.pool.upkeep import Pool
from rewards.sample import Media
from rewards.scorers.questions import Question
from rl.config.schema import JudgeConfig


@dataclass(frozen=True)
class Numbered:
    """A question on its way."""

    key: str
    """Unique within a run."""
    question: Question

    @property
    def media(self) -> Media:
        """What it is about; an engine that was asked about the same comes first."""
        return self.question.media


class JudgePool(Pool):
    """A pool of engines that answer questions."""

    def __init__(self, config: JudgeConfig, tell: Callable[[str], None]) -> None:
        """Reserve the engines and let them import what they need; `start` gives them a model.

        Args:
            config: how many engines, and what each may use.
            tell: told of deaths and replacements.
        """
        gpus = config.gpus * config.tensor_parallel
        actor = ray.remote(JudgeEngine).options(max_concurrency=4096, num_cpus=config.cpus, num_gpus=gpus)
        names = [f"judge {index}" for index in range(config.engines)]
        super().__init__(
            names,
            lambda name: actor.remote(name, config.threads, config.cache_gib),
            config.max_sequences,
            config.timeout,
            tell,
        )
        self._busy = BusyReading({})

    def answers(self, questions: Sequence[Numbered]) -> Iterator[tuple[Numbered, Answered]]:
        """(question, what came of it), as they come.

        Raises:
            GenerationTimeout: if no engine answers anything within the config's `timeout`.
            EngineKeepsDying: if an engine was replaced too often.
        """

        def call(actor: Any, one: Numbered) -> Any:
            return actor.answer.options(num_returns=2).remote(one.question)

        for one, reference in self.dispatcher.stream(questions, lambda _: 1, call):
            yield one, ray.get(reference)

    def busy_share(self) -> float:
        """Share of the time since the last call in which engines had something to do, 0 to 1: the mean over those that served
        then and now; 0 if there are none, as at the first call."""
        before, self._busy = self._busy, self.busy()
        both = before.seconds.keys() & self._busy.seconds.keys()
        return 1.0 - idle_share(before, self._busy) if both else 0.0
