"""What the tests of everything that runs scorers share."""

from __future__ import annotations

import time
import uuid

import psutil
import pytest


class Marked:
    """The processes of the whole machine that a test has started, whoever their parents are by now."""

    def __init__(self) -> None:
        self.mark = str(uuid.uuid4())

    def living(self) -> list[str]:
        """Each one's id and command line."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("STARTED_BY_TEST") == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{process.pid}: {' '.join(process.cmdline())}")
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def at_least(self, count: int) -> bool:
        """Whether there are so many of them, after a while at most."""
        deadline = time.monotonic() + 10
        while len(self.living()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return time.monotonic() < deadline

    def left(self) -> list[str]:
        """Those that are not gone after a while."""
        deadline = time.monotonic() + 10
        while (found := self.living()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Marked:
    marked = Marked()
    monkeypatch.setenv("STARTED_BY_TEST", marked.mark)  # whatever is started from now on inherits it
    return marked
