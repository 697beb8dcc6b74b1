"""Scorers that do to their process whatever scorers do. Most misbehave only on the completion `bad`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

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
