"""Starts a scorer's process and outlives it: `python -m rewards.supervisor PIPE LIFELINE`. Imports nothing heavy.

It leads the process group. When the lifeline ends, because the reward worker closed it or died in whatever way, the whole
group is killed: a scorer that spins in C code, and what it has started, are not left behind.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

_GLANCE = 0.1
"""Seconds between looks at the scorer's process."""


def main(pipe: int, lifeline: int) -> None:
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        from rewards.scorer_process import main as run

        run(pipe)
        return
    os.close(pipe)  # so that the worker sees the end of the pipe when the scorer's process ends
    while True:
        ready, _, _ = select.select([lifeline], [], [], _GLANCE)
        if ready:  # nothing is ever written: it has ended
            os.killpg(0, signal.SIGKILL)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_as(status)


def _end_as(status: int) -> None:
    """End the way the scorer's process did."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError):  # SIGKILL has no handler to reset
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
