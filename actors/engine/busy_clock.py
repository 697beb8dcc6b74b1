"""How long an engine had something to do."""

from __future__ import annotations

import time
from types import TracebackType


class BusyClock:
    """A clock that runs while at least one `with` block on it is open."""

    def __init__(self) -> None:
        self._total = 0.0
        self._open = 0
        self._since = 0.0

    def seconds(self) -> float:
        """Seconds that it has run so far."""
        return self._total + (time.perf_counter() - self._since if self._open else 0.0)

    def __enter__(self) -> None:
        if not self._open:
            self._since = time.perf_counter()
        self._open += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open -= 1
        if not self._open:
            self._total += time.perf_counter() - self._since
