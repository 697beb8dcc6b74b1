"""Ctrl-C and SIGTERM as one exception, so that everything a command has started is stopped on its way out."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_of_threads: list[BaseException] = []
"""What `stop_main` has been given."""


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


def stop_main(error: BaseException) -> None:
    """Raise an error of a background thread in the main thread, whatever that waits for, so that it takes the command down.

    A command that is ending already is left to it. Where no command has taken the signals, SIGTERM ends the process.
    """
    if signal.getsignal(signal.SIGTERM) is _give_up:
        return
    _of_threads.append(error)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, _give_up)
    if _of_threads:
        raise _of_threads.pop()
    raise Interrupted(number)


def _give_up(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
