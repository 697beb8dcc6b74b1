"""Scorers that do to their process whatever scorers do. Most misbehave only on the completion `bad`."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import signal
import subprocess
import sys
import time
from typing import Any, NoReturn

from rewards.sample import RewardSample


def length(sample: RewardSample) -> int:
    time.sleep(0.02)
    return len(sample.completion)


def closes_everything(sample: RewardSample) -> int:
    if sample.completion == "bad":
        os.closerange(3, 256)
        time.sleep(3600)
    return 1


def stops_after(sample: RewardSample) -> int:
    if sample.completion == "bad":
        subprocess.Popen(["sh", "-c", f"sleep 0.1; kill -STOP {os.getpid()}"])
    return 1


def exits(sample: RewardSample) -> int:
    if sample.completion == "bad":
        sys.exit("enough")
    return 1


def torn_answer(sample: RewardSample) -> int:
    if sample.completion == "bad":
        os.write(int(sys.argv[1]), b"\x00\x00\x10\x00half")
        os._exit(3)
    return 1


def helper(sample: RewardSample) -> int:
    subprocess.Popen(["sleep", "3599"])
    while sample.completion == "bad":
        pass
    return 1


def own_timeout(sample: RewardSample) -> int:
    raise TimeoutError("the service")


async def own_timeout_async(sample: RewardSample) -> int:
    raise TimeoutError("the service")


async def slow(sample: RewardSample) -> int:
    await asyncio.sleep(3600 if sample.completion == "bad" else 0)
    return 1


async def slow_list(samples: list[RewardSample]) -> list[int]:
    await asyncio.sleep(3600)
    return [1] * len(samples)


async def busy(sample: RewardSample) -> int:
    end = time.monotonic() + 0.4
    while time.monotonic() < end:
        pass
    return 1


def blocks(sample: RewardSample) -> int:
    if sample.completion == "bad":
        time.sleep(3600)
    return 1


def brings_numba(sample: RewardSample) -> int:
    return int("numba" in sys.modules)


def double_fork(sample: RewardSample) -> int:
    """Leaves a daemon behind, as daemons are made: in a session of its own, with another parent, holding what it inherited."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3599)
        os._exit(0)
    os.wait()
    while sample.completion == "bad":
        pass
    return 1


def own_session(sample: RewardSample) -> int:
    subprocess.Popen(["sleep", "3599"], start_new_session=True)
    if sample.completion == "bad":
        os._exit(4)
    return 1


def moving_target(sample: RewardSample) -> int:
    """Leaves a process behind that is never the same one for long."""
    if os.fork() == 0:
        while True:
            if os.fork() == 0:
                os.setsid()
                time.sleep(0.02)
            else:
                os._exit(0)
    return 1


def signals_its_group(sample: RewardSample) -> int:
    if sample.completion == "bad":
        os.killpg(0, signal.SIGKILL)
    return 1


def kills_its_watcher(sample: RewardSample) -> int:
    own_session(sample)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(3599)
    return 1


def stops_its_watcher(sample: RewardSample) -> int:
    own_session(sample)
    os.kill(os.getppid(), signal.SIGSTOP)
    return 1


def maps_shared_memory(sample: RewardSample) -> int:
    if sample.completion == "bad":
        with mmap.mmap(-1, 2**29) as shared:
            for place in range(0, 2**29, mmap.PAGESIZE):
                shared[place] = 1
            time.sleep(3599)
    return 1


def hoards_among_orphans(sample: RewardSample) -> int:
    """Keeps its watcher busy with the ends of orphans meanwhile."""
    if sample.completion == "bad":
        subprocess.Popen(["sh", "-c", "while :; do (sleep 0.02 &); sleep 0.02; done"], start_new_session=True)
    return maps_shared_memory(sample)


def many_small_processes(sample: RewardSample) -> int:
    """Each may hold what it holds; all of them together hold too much."""
    for _ in range(6 if sample.completion == "bad" else 0):
        if os.fork() == 0:
            held = bytearray(2**26)
            held[:: mmap.PAGESIZE] = b"1" * len(held[:: mmap.PAGESIZE])
            time.sleep(3599)
    if sample.completion == "bad":
        time.sleep(3599)
    return 1


def many_forks_of_much(sample: RewardSample) -> int:
    """Memory that forks share counts once."""
    held = bytearray(2**26)
    held[:: mmap.PAGESIZE] = b"1" * len(held[:: mmap.PAGESIZE])
    for _ in range(6):
        if os.fork() == 0:
            time.sleep(1.0)
            os._exit(0)
    time.sleep(0.8)
    return len(held[:1])


def _raise(kind: str) -> NoReturn:
    kinds: dict[str, BaseException] = {
        "cancelled": asyncio.CancelledError(),
        "interrupt": KeyboardInterrupt("by hand"),
        "exit": SystemExit("enough"),
        "generator": GeneratorExit(),
        "group": BaseExceptionGroup("several", [KeyboardInterrupt("one of them"), ValueError("another")]),
        "unprintable": Unprintable(),
    }
    raise kinds[kind]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def raises(sample: RewardSample) -> int:
    return 1 if sample.completion == "good" else _raise(sample.completion)


async def raises_async(sample: RewardSample) -> int:
    await asyncio.sleep(0.01)
    return 1 if sample.completion == "good" else _raise(sample.completion)


async def raises_in_a_task(sample: RewardSample) -> int:
    async def part() -> int:
        return raises(sample)

    await asyncio.sleep(0.01 if sample.completion == "good" else 0)
    return await asyncio.create_task(part())


async def cancels_all(sample: RewardSample) -> int:
    if sample.completion == "bad":
        for task in asyncio.all_tasks():
            task.cancel()
    await asyncio.sleep(0.01)
    return 1


async def stops_the_loop(sample: RewardSample) -> int:
    if sample.completion == "bad":
        asyncio.get_running_loop().stop()
    await asyncio.sleep(0.01)
    return 1


async def refuses_to_end(sample: RewardSample) -> int:
    while sample.completion == "bad":
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3599)
    return 1


async def blocks_async(sample: RewardSample) -> int:
    if sample.completion == "bad":
        time.sleep(3599)
    return 1


def returns_what_was_asked(samples: list[RewardSample]) -> Any:
    ones = [1.0] * len(samples)
    results = {
        "set": set(ones),
        "generator": (one for one in ones),
        "values": dict.fromkeys("ab", 1.0).values(),
        "too many": [*ones, 1.0],
        "lambda": [lambda: 1.0] * len(samples),
        "tuple": tuple(ones),
    }
    return results[samples[0].completion]


def takes(sample: RewardSample, thing: Any) -> int:
    return len(thing)
