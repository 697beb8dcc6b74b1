"""Keeps requests and syncs apart: many requests may pass at a time, or one sync is alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SyncGate:
    """A gate that each request passes while it is handed to vLLM, and that a sync closes, so that no request falls into it.

    After a sync that failed the gate stays closed, until a sync succeeds.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._passing = 0
        self._closed = self._alone = False

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait until the gate is open, then hold it open."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._closed)
            self._passing += 1
        try:
            yield
        finally:
            async with self._changed:
                self._passing -= 1
                self._changed.notify_all()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Close the gate and wait until nobody passes; opens it at the end, unless there was an error."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone)
            self._closed = self._alone = True
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._passing)
            yield
            self._closed = False
        finally:
            async with self._changed:
                self._alone = False
                self._changed.notify_all()
