"""Starts a scorer's process and sees to the end of all that it starts: `python -m rewards.plugins.supervisor …`.

Three processes follow one another: this one ends at once; the watcher, which it leaves behind; and the watcher's child, which
runs the scorer. The watcher is a child subreaper: whatever the scorer starts descends from it for good, in sessions of its own
and after a double fork too. It ends all of them when the scorer's process ends, when they hold too much memory, or when the
reward worker lets go of the leash, which it also does by dying in whatever way. The watcher has no parent, since Ray kills the
children of a worker that it ends, and then nobody would be left to do it. It imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time

from rewards.plugins.control_group import end_group, put_into, remove_group
from rewards.plugins.descendants import below, end_below, memory_above

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PATIENCE = 10.0
"""Seconds for those that were killed to be gone; one that waits for a disk may take long."""
_GLANCE = 0.2
"""Seconds between two looks at the memory; longer where a look takes long (below)."""
_SHARE = 0.01
"""The share of its time that the watcher may spend on looking at the memory."""


def main(pipe: int, leash: int, memory: int, group: str) -> None:
    """Leave the watcher behind with the scorer's process, and end.

    Args:
        pipe: file descriptor of the pipe between reward worker and scorer.
        leash: file descriptor of the watcher's end of the socket to the reward worker.
        memory: bytes that the scorer's processes may hold together; 0 for no limit.
        group: folder of a control group for the scorer; "" for none.
    """
    if os.fork():
        os._exit(0)
    _control(_PR_SET_CHILD_SUBREAPER, 1)
    watcher = os.getpid()
    gate, opener = os.pipe()
    scorer = os.fork()
    if scorer == 0:
        os.close(opener)
        os.close(leash)
        _run_scorer(pipe, gate, watcher)
        return
    os.close(gate)
    put_into(group, scorer)
    os.close(opener)
    os.close(pipe)  # so that the worker sees the end of the pipe when the scorer's process ends
    for stream in (1, 2):  # the same for what it prints
        os.dup2(0, stream)
    worker = socket.socket(fileno=leash)
    _tell(worker, str(watcher))
    _tell(worker, _watch(scorer, worker, memory))
    end_group(group)
    end_below(watcher, _PATIENCE)
    remove_group(group)
    os._exit(0)  # which the worker sees at the end of the socket


def _run_scorer(pipe: int, gate: int, watcher: int) -> None:
    os.setsid()  # so that a scorer that signals its own group does not mean the watcher
    _control(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != watcher:
        os._exit(1)
    os.set_inheritable(pipe, False)
    from rewards.plugins.scorer_process import main as run  # here, so that only the scorer's process pays for it

    os.read(gate, 1)  # nothing is written: it returns once this process is in its control group
    os.close(gate)
    run(pipe)


def _watch(scorer: int, worker: socket.socket, memory: int) -> str:
    """Wait until the scorer's process ends, too much memory is held or the worker lets go. Returns what it was."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    events = select.poll()  # select() takes no descriptor above 1023, and the leash has the number that the worker gave it
    for descriptor in (worker.fileno(), woken):
        events.register(descriptor, select.POLLIN)
    look = time.monotonic() + _GLANCE
    while True:
        if (status := _reap(scorer)) is not None:
            return _words(status)
        ready = dict(events.poll(max(0.0, 1000 * (look - time.monotonic())) if memory else None))
        if worker.fileno() in ready:
            return "let go"
        if woken in ready:
            os.read(woken, 4096)
        if memory and (began := time.monotonic()) >= look:
            if held := memory_above(below(os.getpid()), memory):
                return f"it and what it started held {held / 2**30:.2f} GiB, more than memory_gib {memory / 2**30:.3g}"
            look = time.monotonic() + max(_GLANCE, (time.monotonic() - began) / _SHARE)


def _reap(scorer: int) -> int | None:
    """Take note of who has ended, orphans included. Returns the scorer's status if it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == scorer:
                found = ended[1]
    return found


def _words(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _tell(worker: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # it may be gone
        worker.sendall(f"{line}\n".encode())


def _control(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
