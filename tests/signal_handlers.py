"""What a command does to signals, undone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rl.record.interrupts import SIGNALS


@contextmanager
def handlers_restored() -> Iterator[None]:
    """Signals that a command takes for itself are handled as before once the block ends."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
