"""Writes what a run has done while the run goes on with its next step."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType

from rl.record.interrupts import interrupt_of

LAST_SECONDS = 2.0
"""So long whoever is interrupted waits for the job that is done at the moment: who interrupts soon kills."""


class BackgroundWriter:
    """Does jobs in a thread of its own, one after another, in the order in which they come.

    The first one that fails is the last one that is done: whoever comes next with a job, or waits for them, is given its error.
    """

    def __init__(self, most: int = 4) -> None:
        """
        Args:
            most: jobs that may wait, or be done at the moment; with so many, whoever comes with another waits.
        """
        self._most = most
        self._jobs: deque[tuple[str, Callable[[], object]]] = deque()
        """(what it writes, the job), the one that is done at the moment included."""
        self._failed: BaseException | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wait until all is written; but if the block was interrupted, only for the job of the moment, and not long."""
        if error is None:
            self.flush()
            return
        interrupted = interrupt_of(error) is not None
        with self._changed:
            while interrupted and len(self._jobs) > 1:
                self._jobs.pop()
            self._changed.wait_for(lambda: not self._jobs, LAST_SECONDS if interrupted else None)

    def put(self, what: str, job: Callable[[], object]) -> None:
        """Have a job done after those before it.

        Args:
            what: it writes, as the note on its error says it.
            job: is called in the background.

        Raises:
            Exception: what an earlier job raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._jobs) < self._most)
            self._raise()
            self._jobs.append((what, job))
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background writer", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Wait until all jobs are done. Raises what one of them raised."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs)
            self._raise()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs))
                what, job = self._jobs[0]
            error = _error_of(what, job)
            with self._changed:
                self._jobs.popleft()
                if error is not None:
                    self._failed = error
                    self._jobs.clear()
                self._changed.notify_all()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed


def _error_of(what: str, job: Callable[[], object]) -> BaseException | None:
    try:
        job()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the run is given it
        error.add_note(f"while writing {what}")
        return error
    return None
