"""Reaching into actors, and moving learner and engines apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil
import ray

from actors.sync.transfer import Transfer
from rl.run.workers import Workers
from rollout.rows.row import Row
from rollout.samples import Group, TokenGroup


def within(actor: Any, function: Callable[[Any], Any]) -> Any:
    """Call a function on an actor's object, in its process."""
    return ray.get(actor.__ray_call__.remote(function), timeout=60)


@contextmanager
def replaced(actor: Any, path: str, value: Any) -> Iterator[None]:
    """Give an actor's object another attribute, such as `learner.encoder.store`, while the block runs."""
    *places, name = path.split(".")

    def owner(one: Any) -> Any:
        for place in places:
            one = getattr(one, place)
        return one

    def exchange(one: Any) -> None:
        mine = vars(owner(one))
        mine[f"_before_{name}"] = [mine[name]] if name in mine else []  # a method is its class's
        setattr(owner(one), name, value)

    def restore(one: Any) -> None:
        delattr(owner(one), name)
        for before in vars(owner(one)).pop(f"_before_{name}"):
            setattr(owner(one), name, before)

    within(actor, exchange)
    try:
        yield
    finally:
        within(actor, restore)


def kill_vllm(engine: Any) -> None:
    """Kill the process that has the model, as the system does when memory runs out."""
    for process in psutil.Process().children(recursive=True):
        process.kill()


def vllm_processes(engine: Any) -> list[int]:
    """Process ids of vLLM, as vLLM keeps them: in a process namespace they are not always found by name or parent."""
    return [process.pid for process in engine.llm.engine_core.resources.engine_manager.processes]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


LESSONS = [Row(number, f"Who is number {number}?", (), "qa", reference="angry, sad, happy, " * 20) for number in range(8)]
"""Rows to learn from, where it does not matter what; their replies are long, so that what is drawn does not become short."""


def wait_until_all_serve(workers: Workers) -> None:
    """Have successors brought back, as the pool does while it waits for answers."""
    deadline = time.monotonic() + 180
    while not all(slot.serving for slot in workers.engines.slots):
        assert time.monotonic() < deadline
        workers.engines._bring_back()
        time.sleep(0.1)


def change_weights(workers: Workers) -> None:
    """Move the learner well away from what the engines have."""
    for _ in range(2):
        workers.learners.sft(LESSONS, learning_rate=1e-2)


@contextmanager
def through(workers: Workers, transfer: Transfer) -> Iterator[None]:
    """Send weights by another transfer while the block runs."""
    before, workers.sync.transfer = workers.sync.transfer, transfer
    try:
        yield
    finally:
        workers.sync.transfer = before


def learner_log_probs(workers: Workers, group: Group) -> list[np.ndarray]:
    """What the learner gives a group's samples, float32 (k,) each."""
    (found,) = workers.learners.log_probs([TokenGroup.of(group)])
    return found
