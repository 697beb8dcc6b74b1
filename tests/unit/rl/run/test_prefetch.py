"""Rollouts made while earlier steps are learned from."""

from __future__ import annotations

import threading

import pytest

from rl.run.prefetch import Prefetcher


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_so_many_steps_are_under_way_and_all_come_in_order(depth: int) -> None:
    prepared: list[int] = []

    def prepare(step: int) -> int:
        prepared.append(step)
        return step

    with Prefetcher(range(3, 8), depth, prepare, lambda step: 10 * step) as rollouts:
        for place, step in enumerate(range(3, 8)):
            rollouts.start()
            assert prepared == list(range(3, min(7, 3 + place + depth) + 1))
            assert rollouts.take() == 10 * step


def test_rollouts_are_made_in_the_background_and_prepared_by_the_caller() -> None:
    threads: list[str] = []
    release = threading.Event()

    def make(step: int) -> int:
        if step == 2:
            release.wait(timeout=30)
        return step

    with Prefetcher((1, 2), 1, lambda step: threads.append(threading.current_thread().name) or step, make) as rollouts:
        rollouts.start()
        assert rollouts.take() == 1  # while the second is still being made
        release.set()
        rollouts.start()
        assert rollouts.take() == 2
    assert set(threads) == {threading.main_thread().name}


def test_a_fault_in_the_background_reaches_the_step_that_needed_it() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise ZeroDivisionError("rollout of step 2")
        return step

    with pytest.raises(ZeroDivisionError, match="of step 2"), Prefetcher((1, 2, 3), 1, lambda step: step, make) as rollouts:
        rollouts.start()
        assert rollouts.take() == 1
        rollouts.start()
        rollouts.take()
