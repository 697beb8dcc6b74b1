"""Coroutines of strangers, awaited all at once in an event loop of their own, in a thread of its own, whatever they do."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from rewards.sample import ScorerError

GRACE = 0.5
"""Seconds beyond the timeout for coroutines to end once they are cancelled."""
_MOST_LEFT_BEHIND = 32
"""How many loops of one scorer may hang before no new one is begun."""

End = tuple[int, Callable[[], Any]]
"""A coroutine's position, and a function that returns what it returned or raises what it raised."""


class CallTimedOut(ScorerError):
    """A coroutine took longer than its scorer's timeout."""


def await_all(
    name: str, begin: Callable[[int], Awaitable[Any]], count: int, timeout: float | None, watched: bool
) -> Iterator[End]:
    """Await `begin(0)` to `begin(count - 1)`; yields each one's end as it comes. Whatever one raises is its own end alone.

    Args:
        name: the scorer's.
        begin: makes the coroutine of a position.
        count: how many there are.
        timeout: seconds for each, after which it is cancelled.
        watched: whether the caller's process is killed if they do not end then. Otherwise they are left behind in their
            thread, which nothing can stop, and end here as late.
    """
    thread_name = f"scorer-{name}-loop"
    hanging = sum(thread.name == thread_name for thread in threading.enumerate())
    if hanging >= _MOST_LEFT_BEHIND:
        fault = ScorerError(f"{hanging} of its calls have left coroutines behind that do not end; it gets no more")
        yield from ((index, partial(_raise, fault)) for index in range(count))
        return
    ends: queue.SimpleQueue[End | None] = queue.SimpleQueue()
    thread = threading.Thread(target=_run, args=(begin, count, timeout, ends), name=thread_name, daemon=True)
    thread.start()
    waiting = set(range(count))
    patience = None if watched or timeout is None else timeout + GRACE
    fault = ScorerError("its event loop was stopped from within")
    while waiting:
        try:
            end = ends.get(timeout=patience)
        except queue.Empty:
            fault = CallTimedOut(f"timed out after {timeout:g} s; it did not end when cancelled and was left behind")
            break
        if end is None:
            break
        waiting.discard(end[0])
        yield end
    yield from ((index, partial(_raise, fault)) for index in sorted(waiting))
    if not waiting:
        thread.join(GRACE)  # what its coroutines have begun and not awaited is cancelled, and may refuse


def _run(begin: Callable[[int], Awaitable[Any]], count: int, timeout: float | None, ends: queue.SimpleQueue[End | None]) -> None:
    async def one(index: int) -> None:
        try:
            result = await _within(begin(index), timeout)
        except BaseException as error:  # noqa: BLE001 - CancelledError and KeyboardInterrupt would end the others too
            ends.put((index, partial(_raise, error)))
        else:
            ends.put((index, lambda: result))

    async def every() -> None:
        await asyncio.gather(*(one(index) for index in range(count)))

    try:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            tasks = loop.create_task(every())
            while not (tasks.done() or loop.is_closed()):
                try:
                    loop.run_until_complete(tasks)
                except BaseException:  # noqa: BLE001 - of a task that a coroutine has begun; who awaits it is told
                    continue
            ends.put(None)
    finally:
        ends.put(None)


async def _within(awaitable: Awaitable[Any], timeout: float | None) -> Any:
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            return await awaitable
    except TimeoutError:
        if limit.expired():
            raise CallTimedOut(f"timed out after {timeout:g} s") from None
        raise


def _raise(error: BaseException) -> Any:
    raise error
