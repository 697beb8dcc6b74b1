"""The judge's engines as one thing: questions in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from actors.engine.rounds import Seat
from actors.judge.engine import Answered, JudgeEngine
from actors.pool.idle_share import idle_share
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
        super().__init__(JudgeEngine, "judge", config, tell)

    def answers(self, questions: Sequence[Numbered]) -> Iterator[tuple[Numbered, Answered]]:
        """(question, what came of it), as they come.

        Raises:
            GenerationTimeout: if no engine answers anything within the config's `timeout`.
            EngineKeepsDying: if an engine was replaced too often.
        """

        def call(actor: Any, one: Numbered, _: Seat | None) -> Any:
            return actor.answer.options(num_returns=2).remote(one.question)

        for one, reference in self.dispatcher.stream(questions, lambda _: 1, call):
            yield one, ray.get(reference)

    def busy_share(self) -> float:
        """Share of the time since the last call in which engines had something to do, 0 to 1: the mean over those that served
        then and now; 0 if there are none, as at the first call."""
        before, now = self.busy()
        return 1.0 - idle_share(before, now) if before.seconds.keys() & now.seconds.keys() else 0.0
