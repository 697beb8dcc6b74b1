"""Ctrl-C and SIGTERM: both end a command through one exception, so that whatever has been started is stopped on the way."""

from __future__ import annotations

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The command was asked to stop. Its notes say how to go on."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_status(self) -> int:
        """130 for SIGINT, 143 for SIGTERM, as shells have it."""
        return 128 + self.number


def interrupt_of(error: BaseException | None) -> Interrupted | None:
    """The interrupt that an error comes from, if it does: libraries in C make errors of their own of it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Interrupted):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def take_signals() -> None:
    """From now on the first signal raises `Interrupted` in the main thread; a second one ends the process at once."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, _give_up)
    raise Interrupted(number)


def _give_up(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
