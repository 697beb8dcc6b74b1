"""A scorer's child process as its parent sees it: a pipe to it, its output, and an end that comes whatever it does."""

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
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rewards.plugins.scorer_process import Hello
from rewards.plugins.spec import ScorerSpec

START_TIMEOUT = 120.0
"""Seconds for the child to load its scorer."""
_HOME = Path(__file__).resolve().parents[2]
"""The folder from which the child imports `rewards`."""
_END_TIMEOUT = 1.0
"""Seconds to wait for how the child ended, once its pipe has."""
_KEPT_CHUNKS = 16
"""Chunks of at most 4096 bytes of the child's output that are kept to tell what it printed last."""
_GLANCE = 0.5
"""Seconds between two looks at whether the child was killed, while it prints nothing."""


class Child:
    """One child with its supervisor, begun when it is made. It is asked by `send` and answers by `receive`."""

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
        self.socket = ours
        self.pipe = Connection(os.dup(ours.fileno()))
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.output: deque[bytes] = deque(maxlen=_KEPT_CHUNKS)
        self.killed = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.writer = self.reader
        for thread in (self.reader, threading.Thread(target=self._drain, daemon=True)):
            thread.start()
        self.send(hello, time.monotonic() + START_TIMEOUT)

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
        self.writer = threading.Thread(target=write, daemon=True)
        self.writer.start()
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
        # whoever is still at the pipe has to leave it first: its number may be another child's in a moment
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.writer.join()
        self.pipe.close()
        self.socket.close()

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
