"""Rollouts of the next steps, made while a step learns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Prepared = TypeVar("Prepared")
Made = TypeVar("Made")


class Prefetcher(Generic[Prepared, Made]):
    """Makes what each step needs in the background, `depth` steps ahead; with depth 0, when it is asked for."""

    def __init__(
        self, steps: Iterable[int], depth: int, prepare: Callable[[int], Prepared], make: Callable[[Prepared], Made]
    ) -> None:
        """
        Args:
            steps: numbers of the steps that are to be done.
            depth: steps that are under way while one is learned from.
            prepare: called for each step in order, in the caller's own time, while nothing is learned.
            make: called with what was prepared, in the background.
        """
        self._steps = deque(steps)
        self._depth, self._prepare, self._make = depth, prepare, make
        self._pool = ThreadPoolExecutor(depth + 1, "rollouts")
        self._under_way: deque[Future[Made]] = deque()

    def __enter__(self) -> Prefetcher[Prepared, Made]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def start(self) -> None:
        """See to it that the next step and those ahead of it are under way."""
        while self._steps and len(self._under_way) <= self._depth:
            self._under_way.append(self._pool.submit(self._make, self._prepare(self._steps.popleft())))

    def take(self) -> Made:
        """What was made for the next step; raises what making it raised."""
        return self._under_way.popleft().result()
