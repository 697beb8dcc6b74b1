"""The reward worker's hold on a scorer's watcher (`supervisor`): letting go ends the scorer and all that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time

from rewards.plugins.control_group import end_group, new_group, remove_group
from rewards.plugins.descendants import end_below

_PATIENCE = 15.0
"""Seconds for the watcher to end all; then the worker does it itself. The watcher allows itself less."""


class Leash:
    """A socket to the watcher, which writes its own process id into it and later, in one line, how the scorer ended.

    Threads may share it.
    """

    def __init__(self) -> None:
        self.group = new_group()
        """Folder of the scorer's control group; "" for none."""
        self.socket, self.watchers = socket.socketpair()
        self._lock = threading.Lock()
        self._text = b""
        self._over = False

    def ending(self, seconds: float = 0.0) -> str | None:
        """How the scorer's process ended; None if it has not, as far as is known within so many seconds."""
        deadline = time.monotonic() + seconds
        with self._lock:
            while self._end() is None and self._more(deadline):
                pass
            return self._end() or ("its supervisor was killed" if self._over else None)

    def let_go(self) -> None:
        """End the scorer and all that it has started; returns when nothing is left of it."""
        self.watchers.close()
        with self._lock, self.socket:
            if self._over and self._end():
                return
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + _PATIENCE
            while self._more(deadline):
                pass
            if not self._over or self._end() is None:
                self._end_unwatched()

    def _end_unwatched(self) -> None:
        """Do what a watcher does that was stopped or killed."""
        end_group(self.group)
        watcher, known, _ = self._text.partition(b"\n")
        if known and not self._over:
            end_below(int(watcher), _PATIENCE)
            os.kill(int(watcher), signal.SIGKILL)
        self._over = True
        remove_group(self.group)

    def _end(self) -> str | None:
        lines = self._text.decode().split("\n")
        return lines[1] if len(lines) > 2 else None

    def _more(self, deadline: float) -> bool:
        """Read on, waiting until then. Returns whether there may be more."""
        if self._over:
            return False
        self.socket.settimeout(max(0.0, deadline - time.monotonic()))
        try:
            data = self.socket.recv(4096)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            data = b""
        self._text += data
        self._over = not data
        return not self._over
