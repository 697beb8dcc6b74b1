"""A scorer in a child process: the reward worker's side. No call can block it for longer than the scorer's timeout.

`rewards/plugins/scorer_process.py` is the child's side, and `rewards/plugins/supervisor.py` stands between the two.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rewards.plugins.scorer_process import Hello, from_json
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import Failure, Mode, Outcome, RewardSample

_HOME = Path(__file__).resolve().parents[2]
"""The folder from which the child imports `rewards`."""
_START_TIMEOUT = 120.0
"""Seconds for the child to load its scorer."""
_GRACE = 1.0
"""Seconds beyond the scorer's timeout for a child that cancels late coroutines itself."""
_END_TIMEOUT = 1.0
"""Seconds to wait for how the child ended, once its pipe has."""
_KEPT_CHUNKS = 16
"""Chunks of at most 4096 bytes of the child's output that are kept to tell what it printed last."""
_GLANCE = 0.5
"""Seconds between two looks at whether the child's output still matters."""


class ProcessRunner:
    """Runs a scorer in a child process, which is replaced when it dies or a call is late. Threads may share it."""

    mode: Mode
    sha256: str
    concurrent: bool
    """Whether the scorer is a coroutine function, which is called for all samples at once."""

    def __init__(self, spec: ScorerSpec) -> None:
        """Start the child and have it load the scorer. Raises `PluginError` if it cannot."""
        self.spec = spec
        self._lock = threading.Lock()
        self._request = 0
        self._child = _Child(spec)
        self._greet()

    def score(self, samples: Sequence[RewardSample]) -> list[Outcome]:
        """One outcome for each sample. A fault costs the sample of its call; the others are asked for again."""
        outcomes: dict[int, Outcome] = {}
        with self._lock:
            while len(outcomes) < len(samples):
                waiting = [index for index in range(len(samples)) if index not in outcomes]
                try:
                    self._ask(samples, waiting, outcomes)
                except BaseException:
                    self._child.kill()  # its answers to come belong to nobody
                    raise
        return [outcomes[index] for index in range(len(samples))]

    def close(self) -> None:
        """End the child and all that it has started."""
        self._child.kill()

    def _ask(self, samples: Sequence[RewardSample], waiting: list[int], outcomes: dict[int, Outcome]) -> None:
        """Ask for the waiting samples; returns when all are answered, or some are blamed and the child is gone."""
        try:
            request = pickle.dumps((self._request + 1, [samples[index] for index in waiting]))
            self._restart_if_dead()
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            outcomes.update(dict.fromkeys(waiting, Failure(f"its samples cannot be sent to its process: {error}")))
            return
        except PluginError as error:
            outcomes.update(dict.fromkeys(waiting, Failure(f"it could not be loaded again: {error}")))
            return
        self._request += 1
        one_by_one = self.mode == "sample" and not self.concurrent
        patience = self.spec.timeout + (0.0 if one_by_one else _GRACE)  # coroutines are cancelled by the child itself
        answered, deadline = 0, time.monotonic() + patience
        reason = self._child.send(request, deadline)
        while reason is None and answered < len(waiting):
            answer = self._child.receive(deadline)
            if answer is None:
                reason = f"timed out after {self.spec.timeout:g} s; its process was killed"
            elif "ended" in answer:
                reason = f"its process died ({self._child.last_words()})"
            elif answer.get("request") == self._request:
                if "fatal" in answer:
                    reason = f"ended its process: {answer['fatal']}"
                else:
                    outcomes[waiting[answer["index"]]] = from_json(answer)
                    answered, deadline = answered + 1, time.monotonic() + patience
        if reason is not None:
            unanswered = [index for index in waiting if index not in outcomes]
            blamed = unanswered[:1] if one_by_one else unanswered
            outcomes.update(dict.fromkeys(blamed, Failure(reason)))
            self._child.kill()

    def _restart_if_dead(self) -> None:
        if not self._child.alive():
            self._child.kill()
            self._child = _Child(self.spec)
            self._greet()

    def _greet(self) -> None:
        name, answer = self.spec.name, self._child.receive(time.monotonic() + _START_TIMEOUT)
        if answer is None:
            answer = {"error": f"scorer {name!r}: not loaded within {_START_TIMEOUT:.0f} s"}
        elif "ended" in answer:
            words = self._child.last_words()
            answer = {"error": f"scorer {name!r}: its process died while loading it ({words}); mend what runs on import"}
        if "error" in answer:
            self._child.kill()
            raise PluginError(answer["error"])
        self.mode, self.sha256, self.concurrent = answer["mode"], answer["sha256"], answer["concurrent"]


class _Child:
    """One child with its supervisor: a pipe to it, its output, and an end that comes whatever it does."""

    def __init__(self, spec: ScorerSpec) -> None:
        hello = pickle.dumps(Hello(spec, tuple(sys.path)))  # before anything is started, since it may fail
        ours, theirs = socket.socketpair()
        their_lifeline, self.lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rewards.plugins.supervisor", str(theirs.fileno()), str(their_lifeline)],
                pass_fds=[theirs.fileno(), their_lifeline],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))},
                start_new_session=True,  # so that what the scorer starts is killed with it
            )
        finally:
            theirs.close()
            os.close(their_lifeline)
        self.pipe = Connection(ours.detach())
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.output: deque[bytes] = deque(maxlen=_KEPT_CHUNKS)
        self.killed = False
        for work in (self._read, self._drain):
            threading.Thread(target=work, daemon=True).start()
        self.send(hello, time.monotonic() + _START_TIMEOUT)

    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self.killed and self.process.poll() is None

    def send(self, request: bytes, deadline: float) -> str | None:
        """Send a request. Returns why it could not be sent; None if it was."""
        trouble: queue.Queue[str | None] = queue.Queue()

        def write() -> None:
            try:
                self.pipe.send_bytes(request)
                trouble.put(None)
            except OSError as error:
                trouble.put(f"its process died ({error})")

        # a child that does not read would block a large request for ever
        threading.Thread(target=write, daemon=True).start()
        try:
            return trouble.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return "timed out while its samples were sent; its process was killed"

    def receive(self, deadline: float) -> dict[str, Any] | None:
        """The next answer; {"ended": true} after the last; None if there is none by the deadline (`time.monotonic`)."""
        try:
            return self.answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None

    def last_words(self) -> str:
        """How it ended and what it printed last, in one line."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=_END_TIMEOUT)
        code = self.process.poll()
        time.sleep(0.05)  # its output is drained beside
        said = b"".join(self.output).decode(errors="replace").strip()[-500:]
        if code is None:
            how = "it closed its pipe and went on"
        else:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{how}; last output: {said}" if said else how

    def kill(self) -> None:
        """End it, its supervisor and what it has started in its group."""
        if self.killed:
            return
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.lifeline)
        self.pipe.close()

    def _read(self) -> None:
        try:
            while True:
                self.answers.put(json.loads(self.pipe.recv_bytes()))
        except (EOFError, OSError, ValueError, TypeError):  # the end, also in the middle of an answer
            self.answers.put({"ended": True})

    def _drain(self) -> None:
        """Read what the child prints, since a full pipe would stop it, and keep the end."""
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            while True:
                ready, _, _ = select.select([stream], [], [], _GLANCE)
                chunk = os.read(stream.fileno(), 4096) if ready else b""
                if chunk:
                    self.output.append(chunk)
                elif ready or self.killed:  # its end, or held open by a process that left the group
                    return
