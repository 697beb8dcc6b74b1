"""The check after a sync: engines and learner are compared while the run goes on, as far as it may before they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future


class Check:
    """A comparison of engines and learner that is under way."""

    def __init__(self, compare: Callable[[], float]) -> None:
        """
        Args:
            compare: gives the largest difference; called at once, in a thread of its own.
        """
        self._found: Future[float] = Future()
        threading.Thread(target=self._run, args=(compare,), name="check of a sync", daemon=True).start()

    def difference(self) -> float:
        """The largest difference, waited for; raises what comparing raised."""
        return self._found.result()

    def _run(self, compare: Callable[[], float]) -> None:
        try:
            self._found.set_result(compare())
        except BaseException as error:  # noqa: BLE001 - whatever it is, whoever waits is given it
            self._found.set_exception(error)
