"""What a scorer's process prints: read as it comes, since a full pipe would stop it, and kept to its last bytes."""

from __future__ import annotations

import os
import select
import threading

KEPT = 16 * 1024
"""Bytes that are kept of what was printed since it was last asked for."""
_LAST = 500
"""Bytes that are kept to tell how a process ended."""
_CAPACITY = 64 * 1024
"""Bytes that fit into a pipe."""


class Transcript:
    """Bytes until they are taken, the last `KEPT` of them. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = b""
        self._count = 0

    def add(self, data: bytes) -> None:
        """Keep more bytes."""
        with self._lock:
            self._kept = (self._kept + data)[-KEPT:]
            self._count += len(data)

    def take(self) -> str:
        """What was added since this was last called, after a note of how much was left out of it; "" for nothing."""
        with self._lock:
            text, left_out = self._kept.decode(errors="replace"), self._count - len(self._kept)
            self._kept, self._count = b"", 0
        return f"({left_out} earlier bytes left out)\n{text}" if left_out else text


class Output:
    """Reads a pipe into a transcript until nobody is left at the other end. Threads may share it."""

    def __init__(self, descriptor: int, transcript: Transcript) -> None:
        """
        Args:
            descriptor: this end of the pipe; it is closed at the end.
            transcript: where to.
        """
        self.last = b""
        """The last bytes, whoever takes the transcript."""
        self._descriptor, self._transcript = descriptor, transcript
        self._lock = threading.Lock()
        self._over = False
        os.set_blocking(descriptor, False)
        threading.Thread(target=self._drain, daemon=True).start()

    def catch_up(self) -> None:
        """Read what has been printed by now."""
        with self._lock:
            if not self._over:
                self._read()

    def _drain(self) -> None:
        waiting = select.poll()  # select() takes no descriptor above 1023
        waiting.register(self._descriptor, select.POLLIN)
        while not self._over:
            waiting.poll()
            self.catch_up()
        os.close(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _CAPACITY)
        except BlockingIOError:  # the other thread was quicker
            return
        self._over = not data
        self.last = (self.last + data)[-_LAST:]
        self._transcript.add(data)
