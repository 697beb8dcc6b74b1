"""A scorer's child process as its parent sees it: a pipe to it, its output, and an end that comes whatever it does."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rewards.plugins.leash import Leash
from rewards.plugins.output import Output, Transcript
from rewards.plugins.sending import pack_hello
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.plugins.variables import without_secrets

START_TIMEOUT = 120.0
"""Seconds for the child to load its scorer."""
_HOME = Path(__file__).resolve().parents[2]
"""The folder from which the child imports `rewards`."""
_END_TIMEOUT = 1.0
"""Seconds to wait for how the child ended, once its pipe has."""


class Child:
    """One child with its watcher, begun when it is made. It is asked by `send` and answers by `receive`."""

    def __init__(self, spec: ScorerSpec, transcript: Transcript) -> None:
        """
        Args:
            spec: the scorer.
            transcript: where to what it prints.

        Raises:
            PluginError: if the scorer's parameters cannot be sent, or no process can be started.
        """
        hello = pack_hello(spec, tuple(sys.path))
        self.killed = False
        self.leash = Leash()
        self.socket, theirs = socket.socketpair()
        printed, prints = os.pipe()
        given = (theirs.fileno(), self.leash.watchers.fileno())
        settings = (*given, int((spec.memory_gib or 0) * 2**30), self.leash.group)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rewards.plugins.supervisor", *map(str, settings)],
                pass_fds=given,
                stdin=subprocess.DEVNULL,
                stdout=prints,
                stderr=prints,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))},
                start_new_session=True,  # so that signals to the worker's group, such as Ctrl-C, are not for it
            )
        except OSError as error:
            self.leash.let_go()
            os.close(printed)
            raise PluginError(f"scorer {spec.name!r}: no process can be started for it ({error})") from error
        finally:
            theirs.close()
            self.leash.watchers.close()
            os.close(prints)
        self.output = Output(printed, transcript)
        self.pipe = Connection(os.dup(self.socket.fileno()))
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.writer = self.reader
        self.reader.start()
        self.send(hello, time.monotonic() + START_TIMEOUT)

    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self.killed and self.leash.ending() is None

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
        how = self.leash.ending(_END_TIMEOUT) or "it closed its pipe and went on"
        self.output.catch_up()
        said = without_secrets(self.output.last.decode(errors="replace").strip())
        return f"{how}; last output: {said}" if said else how

    def kill(self) -> None:
        """End it, all that it has started, and its watcher; returns when nothing is left of them."""
        if self.killed:
            return
        self.killed = True
        self.process.kill()  # it is still there only if it has not got to leaving a watcher behind
        self.leash.let_go()
        self.output.catch_up()
        # whoever is still at the pipe has to leave it first: its number may be another child's in a moment
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.writer.join()
        self.pipe.close()
        self.socket.close()

    def _read(self) -> None:
        self.process.wait()  # it has left its watcher behind
        try:
            while True:
                self.answers.put(json.loads(self.pipe.recv_bytes()))
        except (EOFError, OSError, ValueError, TypeError):  # the end, also in the middle of an answer
            self.answers.put({"ended": True})
