"""The ways that weights take to real engines, some of which die meanwhile.

Weights go through memory in test_sync.py too, and adapters by themselves in ../test_families.py.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.sync.broadcast import BroadcastTransfer
from actors.sync.registry import make_transfer
from rl.config.schema import Config
from rl.run.workers import Workers
from tests.integration.actors.inside import (
    change_weights,
    is_running,
    through,
    vllm_processes,
    wait_until_all_serve,
    within,
)

pytestmark = pytest.mark.timeout(400)


def test_weights_come_by_broadcast_too(workers: Workers, config: Config, version: int) -> None:
    with through(workers, BroadcastTransfer(workers.learners, config.rollout)):
        for again in (1, 2):  # the second time in the group of the first
            change_weights(workers)
            synced = workers.sync.sync(version + again)
            assert synced.logprob_diff < 1e-4
            assert synced.report.bytes > 1_000_000
    change_weights(workers)
    assert workers.sync.sync(version + 3).logprob_diff < 1e-4  # through memory again


def test_weights_take_the_way_that_a_strangers_file_gives_them(
    workers: Workers, config: Config, version: int, tmp_path: Path
) -> None:
    file, folder = "examples/disk_transfer.py:DiskTransfer", tmp_path / "shared"
    rollout = replace(config.rollout, transfer=file, transfer_parameters={"folder": str(folder)})
    with through(workers, make_transfer(workers.learners, config.model, rollout)):
        for again in (1, 2):
            change_weights(workers)
            synced = workers.sync.sync(version + again)
            assert synced.logprob_diff < 1e-4
            assert synced.report.bytes == (folder / "weights.safetensors").stat().st_size > 1_000_000
    assert [path.name for path in folder.iterdir()] == ["weights.safetensors"]


def test_an_engine_that_dies_in_a_broadcast_keeps_no_other_from_the_weights(
    workers: Workers, config: Config, version: int
) -> None:
    async def die(*_: Any) -> None:
        import asyncio

        await asyncio.sleep(0.5)  # until the others are waiting for it
        os._exit(1)

    victim = workers.engines.slots[1]
    with through(workers, BroadcastTransfer(workers.learners, config.rollout)):
        change_weights(workers)
        assert workers.sync.sync(version + 1).logprob_diff < 1e-4
        left = within(victim.actor, vllm_processes)
        within(victim.actor, lambda engine: setattr(engine, "_become", die))
        change_weights(workers)
        assert workers.sync.sync(version + 2).logprob_diff < 1e-4
        assert [slot.serving for slot in workers.engines.slots] == [True, False]
        assert left and not any(is_running(pid) for pid in left)
        wait_until_all_serve(workers)  # through memory, since nobody else is to be bothered
        assert workers.sync.logprob_difference(workers.sync.probe.prompt) < 1e-4


def test_a_sync_to_a_dead_engine_goes_on_with_the_others(workers: Workers, version: int) -> None:
    ray.kill(workers.engines.slots[1].actor)
    change_weights(workers)
    assert workers.sync.sync(version + 1).logprob_diff < 1e-4
    assert [slot.serving for slot in workers.engines.slots] == [True, False]
    assert workers.engines.deaths == 1
