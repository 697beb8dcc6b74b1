"""vLLM's processes end with the engine's: left behind by a crash, they would hold its memory and its place in a broadcast."""

from __future__ import annotations

import os
import signal
import threading

import psutil

_ENGINE = "AFFECTREE_ENGINE_PROCESS"

_watching = threading.Lock()


def mark_engine_process() -> None:
    """Have the processes that this one starts end when it does."""
    os.environ[_ENGINE] = str(os.getpid())


def end_with_engine() -> None:
    """In a process that an engine has started: kill it when the engine's is gone. Elsewhere, do nothing."""
    engine = int(os.environ.get(_ENGINE, os.getpid()))
    if engine != os.getpid() and _watching.acquire(blocking=False):
        threading.Thread(target=_watch, args=(psutil.Process(engine),), name="engine watch", daemon=True).start()


def _watch(engine: psutil.Process) -> None:
    try:
        engine.wait()
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
