"""Scorers that do everything a scorer should not; only samples whose completion is `bad` set them off."""

from __future__ import annotations

import ctypes
import math
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
    import asyncio

    if sample.completion == "bad":
        await asyncio.sleep(HOUR)
    return 1.0
