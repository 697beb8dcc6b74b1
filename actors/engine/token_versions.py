"""Which tokens of a running request were drawn before each sync."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rollout.samples import VersionSpan


class TokenVersions:
    """Counts, at each sync, what every watched request has drawn so far."""

    def __init__(self, llm: Any) -> None:
        self.llm = llm
        self.version = 0
        """That draws at present."""
        self._marks: dict[str, list[tuple[int, dict[int, int]]]] = {}

    @contextmanager
    def watched(self, request: str) -> Iterator[None]:
        """For as long as a request runs; it has to begin after the last sync, not while one is going on."""
        self._marks[request] = []
        try:
            yield
        finally:
            del self._marks[request]

    async def mark(self) -> None:
        """Note what has been drawn. The engine is paused and has sent all of it."""
        quiet = 0
        while quiet < 2:  # what was sent is being counted
            quiet = quiet + 1 if self.llm.engine_core.outputs_queue.empty() else 0
            await asyncio.sleep(0.001)
        counts: dict[str, dict[int, int]] = {request: {} for request in self._marks}
        for state in self.llm.output_processor.request_states.values():
            request = (state.parent_req or state).external_req_id
            if request in counts:
                counts[request][state.request_index] = state.detokenizer.num_output_tokens()
        for request, by_index in counts.items():
            self._marks[request].append((self.version, by_index))

    def spans(self, request: str, index: int, tokens: int) -> tuple[VersionSpan, ...]:
        """Which versions drew the tokens of a request's completion. One that was finished at a mark was drawn before it."""
        found, done = [], 0
        for before, counts in self._marks[request]:
            until = counts.get(index, tokens)
            if until > done:
                found.append(VersionSpan(before, until - done))
                done = until
        if tokens > done:
            found.append(VersionSpan(self.version, tokens - done))
        return tuple(found)
