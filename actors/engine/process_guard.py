"""Ends vLLM's own processes with the engine's: left behind by a crash, they would hold memory and a place in a broadcast."""

from __future__ import annotations

import os
import signal
import threading

import psutil

_ENGINE = "AFFECTREE_ENGINE_PROCESS"
"""Variable with the engine's process id."""

_watching = threading.Lock()


def mark_engine_process() -> None:
    """Have the processes that this one starts from now on end when it does."""
    os.environ[_ENGINE] = str(os.getpid())


def end_with_engine() -> None:
    """Kill this process when the engine's is gone, if an engine has started it; else do nothing."""
    engine = int(os.environ.get(_ENGINE, os.getpid()))
    if engine != os.getpid() and _watching.acquire(blocking=False):
        threading.Thread(target=_watch, args=(psutil.Process(engine),), name="engine watch", daemon=True).start()


def _watch(engine: psutil.Process) -> None:
    try:
        engine.wait()
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
