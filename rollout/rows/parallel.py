"""A function over many items in worker processes, with the results in order and no more items under way than workers take."""

from __future__ import annotations

import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1
_MOST = 16
"""Worker processes at most: more wait for the disk."""


def in_order(function: Callable[[Item], Result], items: Iterable[Item], several: bool) -> Iterator[Result]:
    """The results of a function, in the order of its items.

    Args:
        function: of a module's top level.
        items: what it is called with; they are pickled.
        several: use worker processes, as many as there are cores; otherwise all is done here.
    """
    workers = min(_MOST, len(os.sched_getaffinity(0))) if several else 1
    if workers == 1:
        yield from map(function, items)
        return
    # spawned, since this process has threads, of which a forked one would have none
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin) as pool:
        left = iter(items)
        try:
            under_way: deque[Future[Result]] = deque(pool.submit(function, item) for item in islice(left, 4 * workers))
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(function, item) for item in islice(left, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """A worker ends with the process that started it, which alone is told of Ctrl-C."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
