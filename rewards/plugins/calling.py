"""Calling a scorer, sync or async, on samples, a batch or a group. Whatever it does becomes an outcome."""

from __future__ import annotations

import asyncio
import inspect
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rewards.sample import Failure, InfrastructureError, Mode, Outcome, RewardSample, ScorerError, as_score

Answer = tuple[int, Outcome]
"""A sample's position and what came of it."""


@dataclass(frozen=True)
class _Call:
    """What stays the same from call to call."""

    function: Callable[..., Any]
    name: str
    parameters: Mapping[str, Any]
    timeout: float | None


def call(
    function: Callable[..., Any],
    name: str,
    mode: Mode,
    samples: Sequence[RewardSample],
    parameters: Mapping[str, Any],
    timeout: float | None = None,
) -> Iterator[Answer]:
    """Score samples; yields each one's outcome as soon as it is known. Never raises on a scorer's fault.

    Args:
        function: the scorer. In `sample` mode, a coroutine function is run for all samples at once, any other for one
            after the other.
        name: the scorer's name, for failures.
        mode: what one call gets.
        samples: what to score; for `group`, all samples of one prompt.
        parameters: keyword arguments of every call.
        timeout: seconds for a call of a coroutine function, which can be cancelled; others are timed from outside.
    """
    asked = _Call(function, name, parameters, timeout)
    if mode != "sample":
        yield from _call_list(asked, samples)
    elif is_async(function):
        yield from _concurrently(asked, samples)
    else:
        for index, sample in enumerate(samples):
            yield index, _guarded(name, partial(function, sample, **parameters))


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call gives a coroutine: for an `async def`, or an object with an async `__call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def failure(error: BaseException) -> Failure:
    """What a scorer raised, as an outcome: its type, its message and where it was raised."""
    if isinstance(error, ScorerError):
        return Failure(str(error))
    return Failure(f"{type(error).__name__}: {error}"[:2000] + _place(error), isinstance(error, _infrastructure_errors()))


def _place(error: BaseException) -> str:
    """Where an exception was raised: file, line and function of the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})" if frames else ""


def _call_list(asked: _Call, samples: Sequence[RewardSample]) -> Iterator[Answer]:
    name = asked.name
    try:
        results = asked.function(list(samples), **asked.parameters)
        if inspect.isawaitable(results):
            results = _in_own_loop(_within(results, asked.timeout))
        results = _as_list(results, name, len(samples))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's scorer may raise anything; it is counted and named
        fault = failure(error)
        yield from ((index, fault) for index in range(len(samples)))
        return
    for index in range(len(results)):
        yield index, _guarded(name, partial(results.__getitem__, index))


def _as_list(results: Any, name: str, count: int) -> list[Any]:
    if isinstance(results, (str, bytes, Mapping)) or not hasattr(results, "__len__"):
        raise ScorerError(f"scorer {name!r} must return a list of {count} results, found a {type(results).__name__}")
    if len(results) != count:
        raise ScorerError(f"scorer {name!r} returned {len(results)} results for {count} samples")
    return list(results)


def _guarded(name: str, call: Callable[[], Any]) -> Outcome:
    """The score that a call gives, or its failure."""
    try:
        return as_score(call(), name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
        return failure(error)


class CallTimedOut(ScorerError):
    """A coroutine took longer than its scorer's timeout."""


def _concurrently(asked: _Call, samples: Sequence[RewardSample]) -> Iterator[Answer]:
    """Run a coroutine function on all samples at once; yields each outcome when it comes."""
    answers: queue.Queue[Answer] = queue.Queue()

    async def one(index: int, sample: RewardSample) -> None:
        try:
            outcome: Outcome = as_score(await _within(asked.function(sample, **asked.parameters), asked.timeout), asked.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            outcome = failure(error)
        answers.put((index, outcome))

    async def every() -> None:
        await asyncio.gather(*(one(index, sample) for index, sample in enumerate(samples)))

    loop = threading.Thread(target=asyncio.run, args=(every(),), daemon=True)
    loop.start()
    for _ in samples:
        yield answers.get()
    loop.join()


def _in_own_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, also in a thread that runs a loop of its own, as a notebook does."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def _within(awaitable: Any, timeout: float | None) -> Any:
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            return await awaitable
    except TimeoutError:
        if limit.expired():
            raise CallTimedOut(f"timed out after {timeout:g} s") from None
        raise


def _infrastructure_errors() -> tuple[type[BaseException], ...]:
    """Errors of a service rather than of the scorer, those of the clients that have been imported included."""
    found: list[type[BaseException]] = [InfrastructureError, ConnectionError, TimeoutError]
    for module, names in (("httpx", ("TransportError",)), ("requests", ("ConnectionError", "Timeout"))):
        found += [getattr(sys.modules[module], name) for name in names if module in sys.modules]
    if "openai" in sys.modules:
        client = sys.modules["openai"]
        found += [client.APIConnectionError, client.RateLimitError, client.InternalServerError]
    return tuple(found)
