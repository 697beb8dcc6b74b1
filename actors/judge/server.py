"""Takes the questions of all who ask, asks each of them once, and counts: a Ray actor in front of the judge's engines."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ray.exceptions import RayError

from actors.judge.engine import Answered, JudgeSpec
from actors.judge.pool import JudgePool, Numbered
from actors.logs import keep_output
from actors.pool.dispatch import GenerationTimeout
from actors.pool.upkeep import EngineKeepsDying
from rewards.sample import InfrastructureError, ScorerError
from rewards.scorers.answered_once import AnsweredOnce, MemoryAnswers
from rewards.scorers.questions import Question

GATHER_SECONDS = 0.005
"""How long the first question waits for others that are asked together with it."""
_BATCHES = 64
"""The most batches that are waited for at a time."""


@dataclass(frozen=True)
class JudgeReport:
    """What a judge did since the last report."""

    questions: int
    """Questions that were asked."""
    hits: int
    """Those of them whose answer was there, or on its way."""
    failed: int
    """Questions that got no answer."""
    seconds: float
    """From a question to its answer: mean over those that engines were asked; 0 if there were none."""
    busy_share: float
    """Share of the time in which engines had something to do, 0 to 1."""
    deaths: int
    """Engines that have died since the run began."""
    told: tuple[str, ...]
    """Lines about deaths and replacements."""

    def metrics(self) -> dict[str, float]:
        """The numbers, as a step's metrics."""
        return {
            "judge/questions": float(self.questions),
            "judge/cache_hits": float(self.hits),
            "judge/failed": float(self.failed),
            "judge/seconds": self.seconds,
            "judge/busy_share": self.busy_share,
            "judge/deaths": float(self.deaths),
        }


@dataclass(frozen=True)
class _Waiting:
    """A question that somebody waits for."""

    one: Numbered
    answer: asyncio.Future[Answered]


class JudgeServer:
    """Answers questions by engines of its own, many at a time."""

    def __init__(self, spec: JudgeSpec) -> None:
        """Reserve the engines; `start` has them load the model."""
        keep_output("judge")
        self.spec = spec
        self._told: list[str] = []
        self.pool = JudgePool(spec.judge, self._told.append)
        self._once = AnsweredOnce(self._request, MemoryAnswers())
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._threads = ThreadPoolExecutor(_BATCHES, thread_name_prefix="judge batch")
        self._seconds: list[float] = []
        self._failed = 0
        self._reported = (0, 0)
        self._given_up: str | None = None
        """Why no engine answers any more, if that is so."""

    async def start(self) -> None:
        """Have the engines load the model; returns once all can be asked."""
        self.pool.started(await asyncio.gather(*self.pool.start(self.spec)))
        await asyncio.to_thread(self.pool.busy_share)  # counts from here

    async def answer(self, question: Question) -> str:
        """The answer's text.

        Raises:
            InfrastructureError: if no engine answered in time.
            ScorerError: if the question cannot be answered.
        """
        return await self._once.ask(question, str)

    async def report(self) -> JudgeReport:
        """What was done since the last report.

        Raises:
            EngineKeepsDying: if no engine answers any more.
        """
        if self._given_up:
            raise EngineKeepsDying(self._given_up)
        asked, hits = self._once.questions, self._once.hits
        seconds, failed, told, before = self._seconds, self._failed, tuple(self._told), self._reported
        self._seconds, self._failed, self._reported = [], 0, (asked, hits)
        self._told.clear()
        mean = sum(seconds) / len(seconds) if seconds else 0.0
        busy = await asyncio.to_thread(self.pool.busy_share)
        return JudgeReport(asked - before[0], hits - before[1], failed, mean, busy, self.pool.deaths, told)

    def shutdown(self) -> None:
        """Stop the engines, whatever they are doing."""
        self.pool.shutdown()

    async def _request(self, question: Question) -> str:
        loop, began = asyncio.get_running_loop(), time.perf_counter()
        one = _Waiting(Numbered(f"question {next(self._numbers)}", question), loop.create_future())
        self._waiting.append(one)
        if len(self._waiting) == 1:
            loop.call_later(GATHER_SECONDS, self._send, loop)
        try:
            found = await one.answer
        except (InfrastructureError, ScorerError):
            self._failed += 1
            raise
        self._seconds.append(time.perf_counter() - began)
        if found.problem is not None:
            self._failed += 1
            raise ScorerError(found.problem)
        return found.text

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have everything answered that waits by now."""
        batch, self._waiting = self._waiting, []
        loop.run_in_executor(self._threads, self._answer, batch, loop)

    def _answer(self, batch: Sequence[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        """Ask the engines; runs in a thread, and gives every question of the batch an end."""
        left = {waiting.one.key: waiting.answer for waiting in batch}
        try:
            if self._given_up:
                raise EngineKeepsDying(self._given_up)
            for one, found in self.pool.answers([waiting.one for waiting in batch]):
                loop.call_soon_threadsafe(left.pop(one.key).set_result, found)
            end: Exception = InfrastructureError("the judge was stopped")
        except GenerationTimeout:
            limit = self.spec.judge.timeout
            end = InfrastructureError(f"the judge answered nothing for {limit:g} s (rewards.judge.timeout); see the run's logs")
        except EngineKeepsDying as error:
            self._given_up = str(error)
            end = ScorerError(f"the judge is gone: {error}")
        except RayError as error:
            end = ScorerError(f"the judge failed: {str(error).strip().splitlines()[-1]}")
        for answer in left.values():
            loop.call_soon_threadsafe(answer.set_exception, end)
