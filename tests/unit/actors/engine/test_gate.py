"""Requests pass a gate; a sync closes it."""

from __future__ import annotations

import asyncio

from actors.engine.gate import SyncGate


def test_a_closed_gate_waits_for_those_inside_and_keeps_others_out() -> None:
    told: list[str] = []

    async def run() -> None:
        gate, inside, leave = SyncGate(), asyncio.Event(), asyncio.Event()

        async def passes(name: str) -> None:
            async with gate.passing():
                told.append(name)
                inside.set()
                await leave.wait()

        async def closes() -> None:
            async with gate.closed():
                told.append("closed")

        first = asyncio.create_task(passes("first"))
        await inside.wait()
        closing = asyncio.create_task(closes())
        await asyncio.sleep(0.01)
        late = asyncio.create_task(passes("late"))
        await asyncio.sleep(0.01)
        assert told == ["first"]
        leave.set()
        await asyncio.gather(first, closing, late)

    asyncio.run(run())
    assert told == ["first", "closed", "late"]
