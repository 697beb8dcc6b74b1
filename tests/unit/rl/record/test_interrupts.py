"""Ctrl-C and SIGTERM as an exception."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from rl.record.interrupts import Interrupted, interrupt_of, stop_main, take_signals

pytestmark = pytest.mark.usefixtures("signals")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_becomes_an_exception_that_knows_the_exit_status(number: signal.Signals, status: int) -> None:
    take_signals()
    with pytest.raises(Interrupted) as stop:
        os.kill(os.getpid(), number)
    assert stop.value.exit_status == status


def test_it_is_found_behind_the_errors_that_libraries_make_of_it() -> None:
    first = Interrupted(signal.SIGINT)
    caused, beside = SystemError("error return without exception set"), RuntimeError("while stopping")
    caused.__cause__, beside.__context__ = first, caused
    assert interrupt_of(first) is first
    assert interrupt_of(beside) is first
    assert interrupt_of(KeyError("x")) is None
    assert interrupt_of(None) is None


def test_errors_that_name_each_other_are_followed_once() -> None:
    one, other = RuntimeError(), RuntimeError()
    one.__context__, other.__context__ = other, one
    assert interrupt_of(one) is None


def test_an_error_of_a_background_thread_stops_the_main_thread_whatever_that_waits_for() -> None:
    take_signals()
    error = KeyError("lost")
    thread = threading.Timer(0.05, stop_main, [error])
    with pytest.raises(KeyError) as stop:
        thread.start()
        threading.Event().wait(60)
    assert stop.value is error
    stop_main(error)  # the command is ending by now, and is left to it
