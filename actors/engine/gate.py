"""Many may pass, or one may close the gate and be alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SyncGate:
    """Requests pass while they are handed to the engine; a sync closes the gate, so that none is handed over half way.

    It stays closed after a sync that failed, until one succeeds.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._passing = 0
        self._closed = self._alone = False

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
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
