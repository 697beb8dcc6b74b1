"""Which version of the weights drew which tokens of a request that runs through a sync."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rollout.samples import VersionSpan


class TokenVersions:
    """Notes at each sync how many tokens every running request has drawn."""

    def __init__(self, llm: Any) -> None:
        """
        Args:
            llm: vLLM's `AsyncLLM`.
        """
        self.llm = llm
        self.version = 0
        """The version that draws at present."""
        self._drawn: dict[str, list[tuple[int, dict[int, int]]]] = {}
        """Request -> for each sync so far: (version before it, completion's index -> tokens drawn until then)."""

    @contextmanager
    def watched(self, request: str) -> Iterator[None]:
        """Take note of a request at every sync, for as long as the block runs. It must not begin while a sync is under way."""
        self._drawn[request] = []
        try:
            yield
        finally:
            del self._drawn[request]

    async def mark(self) -> None:
        """Note what has been drawn. To be called when vLLM is paused and has sent all of it."""
        quiet = 0
        while quiet < 2:  # vLLM's output handler is still counting what was sent
            quiet = quiet + 1 if self.llm.engine_core.outputs_queue.empty() else 0
            await asyncio.sleep(0.001)
        counts: dict[str, dict[int, int]] = {request: {} for request in self._drawn}
        for state in self.llm.output_processor.request_states.values():
            request = (state.parent_req or state).external_req_id
            if request in counts:
                counts[request][state.request_index] = state.detokenizer.num_output_tokens()
        for request, by_index in counts.items():
            self._drawn[request].append((self.version, by_index))

    def spans(self, request: str, index: int, tokens: int) -> tuple[VersionSpan, ...]:
        """Which versions drew the tokens of a completion, in order.

        Args:
            request: name of the request, which still has to be watched.
            index: place of the completion among the request's. One that was finished at a sync was all drawn before it.
            tokens: number of tokens of the completion.
        """
        found, done = [], 0
        for before, counts in self._drawn[request]:
            until = counts.get(index, tokens)
            if until > done:
                found.append(VersionSpan(before, until - done))
                done = until
        if tokens > done:
            found.append(VersionSpan(self.version, tokens - done))
        return tuple(found)
