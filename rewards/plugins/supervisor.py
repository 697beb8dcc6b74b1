"""Starts a scorer's process and sees to its end: `python -m rewards.plugins.supervisor PIPE LIFELINE`.

There are three processes in one group. This one ends as the scorer's process does, so that the reward worker can tell how.
The scorer's process ends with this one. The watcher waits for the end of the lifeline, which comes when the reward worker
closes it or dies in whatever way, and then kills the whole group: a scorer that spins in C code, and what it has started,
are not left behind. The watcher has no parent, since Ray kills the children of a worker that it ends, and then nobody
would be left to do it. Nothing heavy is imported before the processes are there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(pipe: int, lifeline: int) -> None:
    """Start the watcher and the scorer's process, and end as the latter does.

    Args:
        pipe: file descriptor of the pipe between reward worker and scorer.
        lifeline: file descriptor of the pipe whose other end the reward worker holds open as long as it lives.
    """
    _start_watcher(pipe, lifeline)
    os.close(lifeline)
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        from rewards.plugins.scorer_process import main as run  # here, so that only the scorer's process pays for it

        run(pipe)
        return
    os.close(pipe)  # so that the worker sees the end of the pipe when the scorer's process ends
    _, status = os.waitpid(child, 0)
    _end_as(status)


def _start_watcher(pipe: int, lifeline: int) -> None:
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    if os.fork():
        os._exit(0)
    os.close(pipe)
    for stream in (1, 2):
        os.close(stream)  # the worker drains them until nobody holds them
    os.read(lifeline, 1)  # nothing is ever written: it returns at the end
    os.killpg(0, signal.SIGKILL)


def _end_as(status: int) -> None:
    """End this process the way the scorer's did, from the status that `os.waitpid` gave."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError):  # SIGKILL has no handler to reset
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
