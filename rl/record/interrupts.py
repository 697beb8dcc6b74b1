"""Ctrl-C and SIGTERM as one exception, so that everything a command has started is stopped on its way out."""

from __future__ import annotations

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The command was asked to stop, by Ctrl-C or SIGTERM. Its notes say how to go on."""

    def __init__(self, number: int) -> None:
        """
        Args:
            number: the signal's.
        """
        super().__init__(number)
        self.number = number

    @property
    def exit_status(self) -> int:
        """130 for SIGINT, 143 for SIGTERM, as shells have it."""
        return 128 + self.number


def interrupt_of(error: BaseException | None) -> Interrupted | None:
    """The `Interrupted` that an error is or was caused by; None if there is none.

    Libraries in C turn the exception of a signal handler into errors of their own.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Interrupted):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def take_signals() -> None:
    """Make the first signal raise `Interrupted` in the main thread, and a second one end the process at once."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, _give_up)
    raise Interrupted(number)


def _give_up(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
