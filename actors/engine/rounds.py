"""Prompts that an engine is asked together, in step: vLLM is handed the same requests in the same order in every run.

What a model computes for a request depends, in the last bits, on the requests that it computes with. So a batch of prompts goes
in rounds: when each of its conversations has asked for something or is over, vLLM is held, handed all of it in the order of the
prompts, and let go on.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType

_HOPS = 3
"""Turns of the event loop after which whoever was about to ask has asked: parts of a tree ask one turn after their siblings."""


@dataclass(frozen=True)
class Seat:
    """A prompt's place among those that one engine is asked together."""

    batch: str
    """Name of the batch, unlike that of any other."""
    place: int
    """From 0."""
    size: int
    """Prompts of the batch."""


class Turn:
    """One request's turn: wait for it and hand the request over within `async with`."""

    def __init__(self, key: tuple[int, tuple[int, ...]]) -> None:
        self.key = key
        """What requests of a round are ordered by: the prompt's place, and where in its answer it is asked."""
        self.waiting = True
        """Whether no round has begun with it."""
        self._come, self._over = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def __aenter__(self) -> None:
        await self._come

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.over()

    async def give(self) -> None:
        """Let the request be handed over, and wait until it has been or its owner has given up."""
        if not self._come.done():
            self._come.set_result(None)
            await self._over.wait()

    def fail(self, error: Exception) -> None:
        """Have the owner end with this error, if it still waits."""
        if not self._come.done():
            self._come.set_exception(error)

    def over(self) -> None:
        """It is the next one's turn."""
        self._come.cancel()
        self._over.set()


class Conversation:
    """What one prompt of a batch asks, one request after another or several side by side."""

    def __init__(self, place: int, stir: Callable[[], None]) -> None:
        self._place, self._stir = place, stir
        self.turns: list[Turn] = []
        """Requests that have been made and are not answered."""

    @contextmanager
    def asking(self, where: tuple[int, ...]) -> Iterator[Turn]:
        """A request's turn, from when it is made until it is answered."""
        turn = Turn((self._place, where))
        self.turns.append(turn)
        self._stir()
        try:
            yield turn
        finally:
            turn.over()
            self.turns.remove(turn)
            self._stir()

    @property
    def settled(self) -> bool:
        """Whether it goes no further before its next round begins."""
        return bool(self.turns) and all(turn.waiting for turn in self.turns)


class Rounds:
    """Keeps the conversations of a batch in step; batches follow one another."""

    def __init__(
        self, begin: Callable[[], Awaitable[None]], hold: Callable[[], Awaitable[None]], go: Callable[[], Awaitable[None]]
    ):
        """
        Args:
            begin: called before the first round of a batch, when nothing else is computed.
            hold: has vLLM wait, and gather what it is handed.
            go: has vLLM go on.
        """
        self._begin, self._hold, self._go = begin, hold, go
        self._alone = itertools.count()
        self._seat = Seat("", 0, 0)
        """That of any prompt of the present batch."""
        self._arrived, self._fresh = 0, True
        self._inside: list[Conversation] = []
        self._changed = asyncio.Condition()
        self._round: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def conversation(self, seat: Seat | None) -> AsyncIterator[Conversation]:
        """Take a seat, when the batches before are over; without one, as the only prompt of a batch."""
        seat = seat or Seat(f"alone {next(self._alone)}", 0, 1)
        async with self._changed:
            await self._changed.wait_for(lambda: seat.batch == self._seat.batch or not self._inside)
            if seat.batch != self._seat.batch:
                self._seat, self._arrived, self._fresh = seat, 0, True
            self._arrived += 1
            mine = Conversation(seat.place, self._stir)
            self._inside.append(mine)
        try:
            yield mine
        finally:
            self._inside.remove(mine)
            self._stir()
            async with self._changed:
                self._changed.notify_all()

    def _stir(self) -> None:
        """See in a moment whether a round may begin."""
        if self._round is None or self._round.done():
            self._round = asyncio.get_running_loop().create_task(self._see())
        self._stirred = True

    async def _see(self) -> None:
        while self._stirred:
            self._stirred = False
            for _ in range(_HOPS):
                await asyncio.sleep(0)
            if not self._stirred and self._arrived == self._seat.size and all(one.settled for one in self._inside):
                await self._hand_over(sorted((turn for one in self._inside for turn in one.turns), key=lambda turn: turn.key))

    async def _hand_over(self, turns: list[Turn]) -> None:
        """A round."""
        for turn in turns:
            turn.waiting = False
        try:
            if turns and self._fresh:
                self._fresh = False
                await self._begin()
            if turns:
                await self._hold()
                for turn in turns:
                    await turn.give()
                await self._go()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            for turn in turns:
                turn.fail(error)
