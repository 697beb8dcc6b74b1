"""Texts continued by vLLM: what has been written after a prompt goes on, in as many ways as are asked for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actors.engine.adapters import adapter_request
from actors.engine.gate import SyncGate
from actors.engine.requests import Requests, log_probs
from actors.engine.rounds import Rounds, Seat
from actors.engine.token_versions import TokenVersions
from rollout.prompt_checks import check_prompt_fits, check_prompt_ids
from rollout.samples import Prompt, SamplingSpec, VersionSpan
from rollout.tree_sampling import Ask, Written


class StaleEngine(RuntimeError):
    """The engine has not been given weights since it started, or a sync failed half way."""


@dataclass
class Served:
    """What an engine serves at present."""

    name: str
    """The engine's, as the log calls it."""
    version: int | None = None
    """Version of the weights; None while they are stale."""
    adapter: Path | None = None
    """Folder where vLLM reads the policy's LoRA adapter; None if none was sent."""


class Continuing:
    """Has vLLM continue texts."""

    def __init__(self, llm: Any, requests: Requests, served: Served, longest: int, rounds: Rounds | None) -> None:
        """
        Args:
            llm: vLLM's `AsyncLLM`.
            requests: makes its requests.
            served: what it serves; written by others.
            longest: tokens of a prompt with its completion at most.
            rounds: keeps the prompts of a batch in step; None hands over each request when it comes.
        """
        self.llm, self.requests, self.served, self.longest, self.rounds = llm, requests, served, longest, rounds
        self.gate, self.token_versions = SyncGate(), TokenVersions(llm)
        self._numbers = itertools.count()

    @asynccontextmanager
    async def conversation(self, prompt: Prompt, sampling: SamplingSpec, seat: Seat | None) -> AsyncIterator[Ask]:
        """A function that has what has been written after a prompt continued; the prompt's media are decoded first.

        Args:
            prompt: what is asked.
            sampling: how completions are drawn.
            seat: the prompt's place among those that are asked together; without rounds it means nothing.

        Raises:
            PromptTooLong: if the prompt leaves no room for a completion.
            MediaError: if a file of the prompt cannot be decoded.
        """
        async with self.rounds.conversation(seat) if self.rounds else nullcontext() as together:
            check_prompt_fits(prompt, self.longest)
            await self.requests.decode(prompt.encoded.media)  # before it is its turn, while others are generated
            room = min(sampling.max_tokens, self.longest - len(prompt.encoded.ids))

            async def ask(written: Written, where: tuple[int, ...], count: int, headers: Sequence[str]) -> Sequence[Written]:
                if len(written.ids) >= room:
                    return [Written(finish_reason="length")] * count
                params = self.requests.sampling_params(prompt, sampling, count, len(written.ids), where, tuple(headers))
                while True:
                    with together.asking(where) if together else nullcontext(nullcontext()) as turn:
                        found = await self._request(prompt, written.ids, params, turn)
                    if found is not None:
                        return [_written(one, spans, headers) for one, spans in found]

            yield ask

    async def _request(
        self, prompt: Prompt, written: np.ndarray, params: Any, turn: AbstractAsyncContextManager[Any]
    ) -> list[tuple[Any, tuple[VersionSpan, ...]]] | None:
        """vLLM's completions, each with the versions that drew it; None if a sync aborted them.

        Args:
            prompt: what is asked.
            written: tokens that are continued, int64 (k,).
            params: vLLM's, for drawing.
            turn: has come when it is entered.
        """
        name = f"{prompt.key}-{next(self._numbers)}"
        request: Any = self.requests.request(prompt, written)  # from here on it has its media, whatever the store forgets
        with ExitStack() as until_done:
            async with turn, self.gate.passing():
                if self.served.version is None:
                    raise StaleEngine(f"{self.served.name} has no synced weights; it serves nothing until it has")
                until_done.enter_context(self.token_versions.watched(name))
                adapter = adapter_request(self.served.adapter)
                running = await self.llm.add_request(name, request, params, lora_request=adapter)
            try:
                output: Any = await running.get()
            except asyncio.CancelledError:
                await self.llm.abort(name)
                raise
            if any(one.finish_reason == "abort" for one in output.outputs):
                return None
            versions = [self.token_versions.spans(name, one.index, len(one.token_ids)) for one in output.outputs]
        check_prompt_ids(prompt, written, np.array(output.prompt_token_ids, dtype=np.int64))
        return list(zip(output.outputs, versions, strict=True))


def _written(one: Any, spans: tuple[VersionSpan, ...], headers: Sequence[str]) -> Written:
    """A completion of vLLM's as a text that may go on."""
    header = one.stop_reason if one.stop_reason in headers else None
    return Written(np.array(one.token_ids, dtype=np.int64), log_probs(one), spans, str(one.finish_reason), header)
