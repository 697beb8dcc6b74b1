"""Work ahead of the learner, how old it may get, and what engines count while they draw."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from actors.engine.busy_clock import BusyClock
from actors.engine.gate import SyncGate
from actors.engine.token_versions import TokenVersions
from actors.pool.pool import EngineClock
from rewards.sample import Reward
from rl.algo.filters import without_stale
from rl.record.metrics import age_metrics
from rl.run.prefetch import Prefetcher
from rollout.prompts import EncodedPrompt
from rollout.rows import Row
from rollout.samples import Group, Prompt, Sample, ScoredGroup, VersionSpan


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_so_many_steps_are_under_way_and_all_come_in_order(depth: int) -> None:
    prepared: list[int] = []

    def prepare(step: int) -> int:
        prepared.append(step)
        return step

    with Prefetcher(3, 7, depth, prepare, lambda step: 10 * step) as ahead:
        for place, step in enumerate(range(3, 8)):
            ahead.start()
            assert prepared == list(range(3, min(7, 3 + place + depth) + 1))
            assert ahead.take() == 10 * step


def test_what_is_ahead_is_made_in_the_background_and_prepared_by_the_caller() -> None:
    threads: list[str] = []
    release = threading.Event()

    def make(step: int) -> int:
        if step == 2:
            release.wait(timeout=30)
        return step

    with Prefetcher(1, 2, 1, lambda step: threads.append(threading.current_thread().name) or step, make) as ahead:
        ahead.start()
        assert ahead.take() == 1  # while the second is still being made
        release.set()
        ahead.start()
        assert ahead.take() == 2
    assert set(threads) == {threading.main_thread().name}


def test_a_fault_in_the_background_reaches_the_step_that_needed_it() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise ZeroDivisionError("rollout of step 2")
        return step

    with pytest.raises(ZeroDivisionError, match="rollout of step 2"), Prefetcher(1, 3, 1, lambda step: step, make) as ahead:
        ahead.start()
        assert ahead.take() == 1
        ahead.start()
        ahead.take()


def group(*versions: tuple[int, ...]) -> Group:
    one = np.zeros(1, dtype=np.int64)
    row = Row(0, "?", (), "rationale")
    samples = tuple(
        Sample(one, np.zeros(len(of), dtype=np.int64), one, "", "stop", tuple(VersionSpan(v, 1) for v in of)) for of in versions
    )
    return Group(Prompt("p", row, EncodedPrompt(one, one, one[None], ())), samples, 0.0)


def test_samples_that_too_old_weights_drew_a_part_of_are_not_learned_from() -> None:
    drawn = group((7,), (6, 7), (5, 7))
    item = ScoredGroup(drawn, (Reward(1.0), Reward(0.5), Reward(0.0)), 0.0)
    (kept,) = without_stale([item], version=7, most=1)
    assert [reward.value for reward in kept.rewards] == [1.0, 0.5, None]
    assert age_metrics([drawn], 7, 1) == {"rollout/age_mean": 1.0, "rollout/age_max": 2.0, "rollout/stale": 1.0}


def test_shared_sections_are_drawn_once() -> None:
    one = np.zeros(1, dtype=np.int64)
    paths = [((0, 0, 0), (3, 5, 9)), ((0, 0, 1), (3, 5, 6)), ((0, 1, 0), (3, 7, 8)), ((1,), (4,)), ((1,), (4,))]
    samples = tuple(
        Sample(one, np.zeros(ends[-1], dtype=np.int64), one, "", "stop", (VersionSpan(1, ends[-1]),), path, ends)
        for path, ends in paths
    )
    drawn = Group(group((1,)).prompt, samples, 0.0)
    assert drawn.drawn_tokens() == 3 + 2 + 4 + 1 + 4 + 1 + 4
    assert group((1, 1), (1, 1)).drawn_tokens() == 4  # equal, but drawn twice


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


def test_marks_say_which_version_drew_which_tokens() -> None:
    def state(index: int, tokens: int) -> SimpleNamespace:
        counting = SimpleNamespace(num_output_tokens=lambda: tokens)
        return SimpleNamespace(parent_req=SimpleNamespace(external_req_id="r"), request_index=index, detokenizer=counting)

    states: dict[str, SimpleNamespace] = {}
    llm = SimpleNamespace(
        engine_core=SimpleNamespace(outputs_queue=asyncio.Queue()), output_processor=SimpleNamespace(request_states=states)
    )
    marks = TokenVersions(llm)
    marks.version = 1
    with marks.watched("r"):
        states.update({"0": state(0, 3), "1": state(1, 0)})  # a third was finished before
        asyncio.run(marks.mark())
        marks.version = 2
        assert marks.spans("r", 0, 5) == (VersionSpan(1, 3), VersionSpan(2, 2))
        assert marks.spans("r", 1, 4) == (VersionSpan(2, 4),)
        assert marks.spans("r", 2, 6) == (VersionSpan(1, 6),)


def test_a_clock_runs_while_anything_is_under_way() -> None:
    clock = BusyClock()
    assert clock.seconds() == 0.0
    with clock, clock:
        pass
    once = clock.seconds()
    assert once > 0.0
    assert clock.seconds() == once


def test_the_idle_share_is_of_engines_that_were_there_before() -> None:
    told = [{"engine 0.0": 0.0, "engine 1.0": 50.0}, {"engine 0.0": 0.0, "engine 1.1": 0.5}]

    class Engines:
        def busy_seconds(self) -> dict[str, float]:
            return told.pop(0)

    assert EngineClock(Engines()).idle_share() == 1.0  # engine 0 did nothing; engine 1 has a successor, which counts next time
