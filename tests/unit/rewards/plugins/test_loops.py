"""Coroutines awaited at once, whatever each of them does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from rewards.plugins import loops
from rewards.plugins.loops import await_all


def test_each_end_comes_when_it_is_known() -> None:
    async def begin(index: int) -> int:
        await asyncio.sleep(0.1 * (2 - index))
        return index

    assert [(index, end()) for index, end in await_all("mine", begin, 3, 5.0, watched=False)] == [(2, 2), (1, 1), (0, 0)]


def test_a_loop_that_is_stopped_from_within_leaves_nobody_waiting() -> None:
    async def begin(index: int) -> int:
        asyncio.get_running_loop().stop()
        for task in asyncio.all_tasks():
            task.cancel()
        return index

    ends = dict(await_all("mine", begin, 3, None, watched=True))
    assert sorted(ends) == [0, 1, 2]
    assert ends[0]() == 0
    for index in (1, 2):
        with pytest.raises((asyncio.CancelledError, loops.ScorerError)):
            ends[index]()


def test_what_was_begun_beside_is_cancelled_at_the_end() -> None:
    seen: list[str] = []

    async def beside() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def begin(index: int) -> int:
        task = asyncio.create_task(beside())
        await asyncio.sleep(0)
        return index + len([task])

    assert [end() for _, end in await_all("mine", begin, 1, 5.0, watched=False)] == [1]
    assert seen == ["cancelled"]


def test_loops_that_hang_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_MOST_LEFT_BEHIND", 2)
    monkeypatch.setattr(loops, "GRACE", 0.05)
    release = threading.Event()

    async def begin(index: int) -> None:
        release.wait(60)

    def messages() -> list[str]:
        def message(end: Callable[[], Any]) -> str:
            try:
                return str(end())
            except loops.ScorerError as error:
                return str(error)

        return [message(end) for _, end in await_all("counted", begin, 1, 0.05, watched=False)]

    late = ["timed out after 0.05 s; it did not end when cancelled and was left behind"]
    assert messages() == messages() == late
    assert messages() == ["2 of its calls have left coroutines behind that do not end; it gets no more"]
    release.set()
    deadline = time.monotonic() + 10
    while any(thread.name == "scorer-counted-loop" for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert messages() == ["None"]
