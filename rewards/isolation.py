"""Where a scorer runs: in this process, in a thread, or in a process of its own that can be killed.

A process of its own is the default for everything that does not ship: a scorer that hangs, spins in C code, eats
memory or ends its process costs its own sample and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from rewards.calling import call, is_async
from rewards.plugins import PluginError, Scorer, ScorerSpec, load_scorer
from rewards.sample import Failure, Mode, Outcome, RewardSample
from rewards.scorer_process import Hello, from_json

_HOME = Path(__file__).resolve().parent.parent
_START_TIMEOUT = 120.0
_BACKOFF = 0.5
_GRACE = 1.0
_KEPT_OUTPUT = 4000
_MOST_STUCK_THREADS = 16


class Runner(Protocol):
    """A scorer at its place."""

    spec: ScorerSpec
    mode: Mode
    sha256: str

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        """One outcome for each sample; samples of one prompt, if the scorer compares within groups."""

    def close(self) -> None:
        """Leave nothing running."""


def start_runner(spec: ScorerSpec) -> Runner:
    """Put a scorer to its place.

    Raises:
        PluginError: if it cannot be loaded there.
    """
    places: dict[str, Callable[[ScorerSpec], Runner]] = {
        "process": ProcessRunner,
        "thread": ThreadRunner,
        "inline": InlineRunner,
    }
    return places[spec.place](spec)


def score_with_retries(runner: Runner, samples: Sequence[RewardSample]) -> list[Outcome]:
    """Score, and try faults of infrastructure again; a scorer that compares within groups gets whole groups again."""
    outcomes = runner.score(samples)
    for attempt in range(runner.spec.retries):
        failed = [i for i, found in enumerate(outcomes) if isinstance(found, Failure) and found.infrastructure]
        if not failed:
            break
        time.sleep(_BACKOFF * 2**attempt * random.uniform(0.5, 1.5))
        again = range(len(samples)) if runner.mode == "group" else failed
        for index, outcome in zip(again, runner.score([samples[i] for i in again]), strict=True):
            outcomes[index] = outcome
    return outcomes


class InlineRunner:
    """Calls in this process: for pure functions that are trusted. Nothing can stop a call."""

    def __init__(self, spec: ScorerSpec) -> None:
        self.spec = spec
        self.scorer: Scorer = load_scorer(spec)
        self.mode, self.sha256 = self.scorer.mode, self.scorer.sha256

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        outcomes: list[Outcome] = [None] * len(samples)
        spec = self.spec
        for index, outcome in call(self.scorer.function, spec.name, self.mode, samples, spec.parameters, spec.timeout):
            outcomes[index] = outcome
        return outcomes

    def close(self) -> None:
        pass


class ThreadRunner:
    """Calls in threads: for scorers that wait for a service. A call that is late is left behind, and counted."""

    def __init__(self, spec: ScorerSpec) -> None:
        self.spec = spec
        self.scorer: Scorer = load_scorer(spec)
        self.mode, self.sha256 = self.scorer.mode, self.scorer.sha256
        self.pool = ThreadPoolExecutor(_MOST_STUCK_THREADS, thread_name_prefix=f"scorer-{spec.name}")
        self.stuck = 0

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        single = self.mode == "sample" and not is_async(self.scorer.function)
        parts = [[i] for i in range(len(samples))] if single else [list(range(len(samples)))]
        outcomes: list[Outcome] = [None] * len(samples)
        for indices in parts:
            for index, outcome in zip(indices, self._call([samples[i] for i in indices]), strict=True):
                outcomes[index] = outcome
        return outcomes

    def _call(self, samples: list[RewardSample]) -> list[Outcome]:
        spec = self.spec
        if self.stuck >= _MOST_STUCK_THREADS:
            message = f"{self.stuck} calls hang in threads, which cannot be killed; use isolation: process"
            return [Failure(message)] * len(samples)
        future = self.pool.submit(
            lambda: list(call(self.scorer.function, spec.name, self.mode, samples, spec.parameters, spec.timeout))
        )
        try:
            return [outcome for _, outcome in sorted(future.result(spec.timeout + 0.5), key=lambda item: item[0])]
        except FutureTimeout:
            self.stuck += 1
            future.add_done_callback(self._came_back)
            return [Failure(f"timed out after {spec.timeout:g} s; its thread was left behind")] * len(samples)

    def _came_back(self, _: object) -> None:
        self.stuck -= 1

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)


class ProcessRunner:
    """Calls in a child process, replaced when it dies or when a call is late."""

    mode: Mode
    sha256: str
    concurrent: bool

    def __init__(self, spec: ScorerSpec) -> None:
        self.spec = spec
        self.restarts = -1
        self._start()

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        while len(outcomes) < len(samples):
            waiting = [index for index in range(len(samples)) if index not in outcomes]
            self._score(samples, waiting, outcomes)
        return [outcomes[index] for index in range(len(samples))]

    def close(self) -> None:
        self._kill()

    def _score(self, samples: Sequence[RewardSample], waiting: list[int], outcomes: dict[int, Outcome]) -> None:
        """Ask for the waiting samples; returns when all are answered or the child is gone and some are blamed."""
        if self.process.poll() is not None:
            self._start()
        answered = 0
        # coroutines are cancelled by the child itself when they are late
        deadline = time.monotonic() + self.spec.timeout + (_GRACE if self.concurrent else 0.0)
        try:
            self.pipe.send([samples[index] for index in waiting])
            while answered < len(waiting):
                if not self.pipe.poll(max(0.0, deadline - time.monotonic())):
                    self._replace(waiting, outcomes, f"timed out after {self.spec.timeout:g} s; its process was killed")
                    return
                answer = json.loads(self.pipe.recv_bytes())
                if "fatal" in answer:
                    self._replace(waiting, outcomes, f"ended its process: {answer['fatal']}")
                    return
                outcomes[waiting[answer["index"]]] = from_json(answer)
                answered += 1
                if self.mode == "sample" and not self.concurrent:
                    deadline = time.monotonic() + self.spec.timeout
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._replace(waiting, outcomes, f"its process died ({self._last_words()})")

    def _replace(self, waiting: list[int], outcomes: dict[int, Outcome], reason: str) -> None:
        """Blame the call that was running, and have a new child for the others."""
        open_calls = [index for index in waiting if index not in outcomes]
        blamed = open_calls[:1] if self.mode == "sample" and not self.concurrent else open_calls
        outcomes.update(dict.fromkeys(blamed, Failure(reason)))
        self._kill()

    def _start(self) -> None:
        self.restarts += 1
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rewards.scorer_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))},
                start_new_session=True,  # so that what it starts itself is killed with it
            )
        self.pipe = Connection(ours.detach())
        self.output: deque[bytes] = deque(maxlen=16)
        self.drain = threading.Thread(target=_drain, args=(self.process, self.output), daemon=True)
        self.drain.start()
        self.pipe.send(Hello(self.spec, tuple(sys.path)))
        try:
            ready = self.pipe.poll(_START_TIMEOUT)
            late: dict[str, Any] = {"error": f"scorer {self.spec.name!r}: not loaded within {_START_TIMEOUT:.0f} s"}
            answer = json.loads(self.pipe.recv_bytes()) if ready else late
        except (EOFError, ConnectionResetError):
            answer = {"error": f"scorer {self.spec.name!r}: its process died while loading it ({self._last_words()})"}
        if "error" in answer:
            self._kill()
            raise PluginError(answer["error"])
        self.mode, self.sha256, self.concurrent = answer["mode"], answer["sha256"], answer["concurrent"]

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.pipe.close()

    def _last_words(self) -> str:
        code = self.process.wait()
        self.drain.join(timeout=1.0)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        said = b"".join(self.output)[-_KEPT_OUTPUT:].decode(errors="replace").strip()
        return f"{how}; last output: {said[-500:]}" if said else how


def _drain(process: subprocess.Popen[bytes], output: deque[bytes]) -> None:
    """Keep the end of what the child prints; a full pipe would stop it."""
    assert process.stdout is not None
    with process.stdout as stream:
        while chunk := stream.read1(4096):  # type: ignore[attr-defined]
            output.append(chunk)
