"""Scorers that do everything a scorer should not; only samples whose completion is `bad` set them off."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import math
import mmap
import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np

HOUR = 3600


def raises(sample: Any) -> float:
    return 1.0 if sample.completion != "bad" else 1 / 0


def returns_none(sample: Any) -> float | None:
    return 1.0 if sample.completion != "bad" else None


def returns_nan(sample: Any) -> float:
    return 1.0 if sample.completion != "bad" else math.nan


def returns_inf(sample: Any) -> float:
    return 1.0 if sample.completion != "bad" else math.inf


def numpy_scalar(sample: Any) -> Any:
    return np.float32(1.0)


def wrong_length(samples: list[Any]) -> list[float]:
    return [1.0] * (len(samples) + 1) if any(s.completion == "bad" for s in samples) else [1.0] * len(samples)


def sleeps(sample: Any) -> float:
    if sample.completion == "bad":
        time.sleep(HOUR)
    return 1.0


def spins(sample: Any) -> float:
    while sample.completion == "bad":
        pass
    return 1.0


def spins_in_c(sample: Any) -> float:
    if sample.completion == "bad":
        pow(3, 10**10)  # one call into C that holds the interpreter for hours
    return 1.0


def leaves_a_process_and_spins(sample: Any) -> float:
    if sample.completion == "bad":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)  # left by a scorer"])
    return spins(sample)


def leaves_a_session_and_dies(sample: Any) -> float:
    if sample.completion == "bad":
        subprocess.Popen(["sleep", str(HOUR)], start_new_session=True)
        os._exit(4)
    return 1.0


def leaves_a_daemon(sample: Any) -> float:
    """As daemons are made: in a session of its own, with another parent, holding all that it inherited."""
    if sample.completion == "bad":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(HOUR)
            os._exit(0)
        os.wait()
    return 1.0


def leaves_a_daemon_and_spins(sample: Any) -> float:
    leaves_a_daemon(sample)
    return spins(sample)


def fills_shared_memory(sample: Any) -> float:
    if sample.completion == "bad":
        with mmap.mmap(-1, 2**30) as shared:
            for place in range(0, 2**30, mmap.PAGESIZE):
                shared[place] = 1
            time.sleep(HOUR)
    return 1.0


def interrupts(sample: Any) -> float:
    if sample.completion == "bad":
        raise KeyboardInterrupt
    return 1.0


async def interrupts_async(sample: Any) -> float:
    await asyncio.sleep(0.01)
    return interrupts(sample)


async def cancels_itself(sample: Any) -> float:
    await asyncio.sleep(0.01)
    if sample.completion == "bad":
        raise asyncio.CancelledError
    return 1.0


def returns_what_cannot_be_pickled(sample: Any) -> Any:
    return 1.0 if sample.completion != "bad" else lambda: 1.0


def returns_a_set(samples: list[Any]) -> Any:
    return {1.0 for _ in samples}


def prints_and_logs(sample: Any) -> float:
    print("printed", sample.completion)
    logging.getLogger("mine").warning("logged %s", sample.completion)
    return 1.0


def exhausts_memory(sample: Any) -> float:
    kept = []
    while sample.completion == "bad":
        kept.append(bytearray(2**26))
    return 1.0


def kills_its_process(sample: Any) -> float:
    if sample.completion == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


def crashes(sample: Any) -> float:
    if sample.completion == "bad":
        print("about to read address zero", flush=True)
        ctypes.string_at(0)
    return 1.0


def exits(sample: Any) -> float:
    if sample.completion == "bad":
        sys.exit("enough")
    return 1.0


def prints_10_mb(sample: Any) -> float:
    if sample.completion == "bad":
        print("x" * 10_000_000)
    return 1.0


async def never_answers(sample: Any) -> float:
    if sample.completion == "bad":
        await asyncio.sleep(HOUR)
    return 1.0
