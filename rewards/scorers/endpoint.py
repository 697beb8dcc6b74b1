"""A judge behind an OpenAI-compatible endpoint. It is sent texts alone, at a set pace."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rewards.sample import InfrastructureError, ScorerError
from rewards.scorers.answered_once import AnsweredOnce, FileAnswers, MemoryAnswers
from rewards.scorers.questions import Question, Read

_BUSY = (408, 409, 429)
"""HTTP statuses, besides those from 500 on, after which trying again may help."""


@dataclass(frozen=True)
class EndpointSpec:
    """Where and how to ask. The key itself is never part of a config, only the name of the variable that holds it."""

    url: str
    """Base URL, such as http://localhost:8000/v1."""
    model: str
    """Name of the model there."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; without it the key is `none`."""
    timeout: float = 12.0
    """Seconds for one request. With its retries it has to fit into the scorer's timeout."""
    retries: int = 1
    """How often the client itself tries again after connection faults, 408, 409, 429 and 5xx, with growing pauses."""
    per_minute: float = 600.0
    """Requests a minute from each process that asks. Waiting for a turn counts towards the scorer's timeout."""
    cache: str | None = None
    """An SQLite file for the answers, which outlives the process and may be shared by many; None keeps them in memory."""


@lru_cache(maxsize=8)
def open_endpoint(spec: EndpointSpec) -> Endpoint:
    """The process's one client of an endpoint, so that its pace and its answers are shared."""
    return Endpoint(spec)


class Endpoint:
    """A client that keeps a pace and keeps answers: a `Judge`."""

    def __init__(self, spec: EndpointSpec) -> None:
        self.spec = spec
        self._next_slot = 0.0
        kept = FileAnswers(Path(spec.cache)) if spec.cache else MemoryAnswers()
        self._once = AnsweredOnce(self._request, kept, spec.url, spec.model)

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        """What `read` makes of the answer, as `Judge.ask` has it."""
        return await self._once.ask(replace(question, media=()), read)

    async def _request(self, question: Question) -> str:
        from openai import APIConnectionError, APIStatusError, AsyncOpenAI

        await self._wait_for_slot()
        spec = self.spec
        client = AsyncOpenAI(
            base_url=spec.url,
            api_key=os.environ.get(spec.key_variable, "none"),
            timeout=spec.timeout,
            max_retries=spec.retries,
        )
        try:
            async with client:
                answer = await client.chat.completions.create(
                    model=spec.model,
                    temperature=0.0,
                    messages=[{"role": "system", "content": question.system}, {"role": "user", "content": question.user}],
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": question.name, "schema": dict(question.schema), "strict": True},
                    },
                )
        except APIConnectionError as error:
            raise InfrastructureError(f"{spec.url} cannot be reached: {error}") from error
        except APIStatusError as error:
            said = f"{spec.url} answered {error.status_code}: {error.message}"[:500]
            busy = error.status_code in _BUSY or error.status_code >= 500
            raise (InfrastructureError if busy else ScorerError)(said) from error
        return answer.choices[0].message.content or ""

    async def _wait_for_slot(self) -> None:
        now, pause = time.monotonic(), 60.0 / self.spec.per_minute
        slot = max(now, self._next_slot)
        self._next_slot = slot + pause
        try:
            await asyncio.sleep(slot - now)
        except asyncio.CancelledError:
            self._next_slot -= pause  # who gives up waiting gives the turn back
            raise
