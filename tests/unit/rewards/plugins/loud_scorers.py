"""Scorers that print and log in every way there is, also while they are loaded."""
# ruff: noqa: T201

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import time
import warnings

from rewards.sample import RewardSample

print("printed while loading")


def prints(sample: RewardSample) -> int:
    print("printed", sample.completion)
    print("to the error stream", file=sys.stderr)
    os.write(1, b"without a buffer\n")
    ctypes.CDLL(None).puts(b"by C code")
    subprocess.run(["echo", "by a program"], check=True)
    logger = logging.getLogger("mine")
    logger.info("too low a level")
    logger.warning("logged %s", sample.completion)
    chatty = logging.getLogger("chatty")
    chatty.setLevel(logging.INFO)
    chatty.info("asked for")
    warnings.warn("a warning", stacklevel=1)
    return 1


def configures_logging(sample: RewardSample) -> int:
    logging.basicConfig(level=logging.INFO, format="MINE %(message)s")
    logging.info("as it wants it")
    return 1


def prints_much(sample: RewardSample) -> int:
    print("x" * 1_000_000 + "end")
    return 1


def prints_and_hangs(sample: RewardSample) -> int:
    print("about to hang")
    time.sleep(3599)
    return 1
