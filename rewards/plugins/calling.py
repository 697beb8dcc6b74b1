"""Calling a scorer, sync or async, on samples, a batch or a group. Whatever it does becomes an outcome."""

from __future__ import annotations

import inspect
import sys
import traceback
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rewards.plugins.loops import await_all
from rewards.plugins.variables import unset_variable, without_secrets
from rewards.sample import Failure, InfrastructureError, Mode, Outcome, RewardSample, Score, ScorerError, as_score

Answer = tuple[int, Outcome]
"""A sample's position and what came of it."""
Faults = type[BaseException] | tuple[type[BaseException], ...]
HOST_FAULTS: Faults = (Exception, SystemExit, CancelledError, GeneratorExit, BaseExceptionGroup)
"""What counts as the scorer's own fault where others may raise too: an interrupt by the user has to get through."""
_RESULTS = "return a number, None, a Score, or a mapping with `score` and named parts"


@dataclass(frozen=True)
class _Call:
    """What stays the same from call to call."""

    function: Callable[..., Any]
    name: str
    parameters: Mapping[str, Any]
    timeout: float | None
    faults: Faults


def call(
    function: Callable[..., Any],
    name: str,
    mode: Mode,
    samples: Sequence[RewardSample],
    parameters: Mapping[str, Any],
    timeout: float | None = None,
    faults: Faults = HOST_FAULTS,
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
        faults: exceptions of a plain function that are its own fault: `BaseException` in a process or thread of its own, where
            also coroutines that do not end are seen to from outside.
    """
    asked = _Call(function, name, parameters, timeout, faults)
    if mode != "sample":
        yield from _call_list(asked, samples)
    elif is_async(function):
        for index, end in _awaited(asked, lambda index: function(samples[index], **parameters), len(samples)):
            yield index, _guarded(name, end, BaseException)
    else:
        for index, sample in enumerate(samples):
            yield index, _guarded(name, partial(function, sample, **parameters), faults)


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call gives a coroutine: for an `async def`, or an object with an async `__call__`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def failure(error: BaseException) -> Failure:
    """What a scorer raised, as an outcome: its type, its message and where it was raised."""
    if isinstance(error, ScorerError):
        return Failure(without_secrets(_clean(str(error))))
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:  # as a task group raises it
        error = error.exceptions[0]
    message = unset_variable(error) or without_secrets(_message(error))
    return Failure(f"{type(error).__name__}: {message}"[:2000] + _place(error), _of_infrastructure(error))


def _message(error: BaseException) -> str:
    try:
        return _clean(str(error))
    except Exception as fault:  # noqa: BLE001 - its `__str__` is a stranger's code too
        return f"(no message: its __str__ raised {type(fault).__name__})"


def _clean(text: str) -> str:
    """The text without halves of surrogate pairs, which no file takes."""
    return text.encode("utf-8", "replace").decode()


def _place(error: BaseException) -> str:
    """Where an exception was raised: file, line and function of the innermost frame."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen ")]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})" if frames else ""


def _awaited(asked: _Call, begin: Callable[[int], Any], count: int) -> Iterator[tuple[int, Callable[[], Any]]]:
    return await_all(asked.name, begin, count, asked.timeout, watched=asked.faults is BaseException)


def _call_list(asked: _Call, samples: Sequence[RewardSample]) -> Iterator[Answer]:
    count = len(samples)
    found = _caught(partial(asked.function, list(samples), **asked.parameters), asked.faults)
    if inspect.isawaitable(found):
        coroutine = found
        ((_, end),) = _awaited(asked, lambda index: coroutine, 1)
        found = _caught(end, BaseException)
    results = found if isinstance(found, Failure) else _caught(partial(_as_list, found, asked.name, count), asked.faults)
    for index in range(count):
        if isinstance(results, Failure):
            yield index, results
        else:
            yield index, _guarded(asked.name, partial(results.__getitem__, index), asked.faults)


def _as_list(results: Any, name: str, count: int) -> list[Any]:
    """What a call for several samples returned, if it is a sequence of so many: a set has no order, a generator no length."""
    wanted = f"a list of {count} results, in the order of the samples"
    if isinstance(results, (str, bytes, Mapping)) or not (hasattr(results, "__len__") and hasattr(results, "__getitem__")):
        raise ScorerError(f"scorer {name!r} must return {wanted}, found a {type(results).__name__}")
    try:
        found = list(results)
    except Exception as error:
        what = f"a {type(results).__name__} that cannot be read as one ({type(error).__name__}: {_message(error)})"
        raise ScorerError(f"scorer {name!r} must return {wanted}, found {what}") from error
    if len(found) != count:
        raise ScorerError(f"scorer {name!r} returned {len(found)} results for {count} samples; it must return {wanted}")
    return found


def _guarded(name: str, call: Callable[[], Any], faults: Faults) -> Outcome:
    """The score that a call gives, or its failure."""
    try:
        return _scored(call(), name)
    except faults as error:
        return failure(error)


def _caught(call: Callable[[], Any], faults: Faults) -> Any:
    """What a call returns, or its failure."""
    try:
        return call()
    except faults as error:
        return failure(error)


def _scored(result: Any, name: str) -> Score | None:
    try:
        return as_score(result, name)
    except ScorerError:
        if inspect.iscoroutine(result):
            result.close()
            raise ScorerError(f"scorer {name!r} returned a coroutine: declare it with `async def`, or await it") from None
        raise
    except Exception as error:  # of a stranger's object that is asked for its number
        fault = f"{type(error).__name__}: {_message(error)}"
        raise ScorerError(f"scorer {name!r} returned a {type(result).__name__} that is no score ({fault}); {_RESULTS}") from error


def _of_infrastructure(error: BaseException) -> bool:
    """Whether a service is at fault; of a group of exceptions, for each of them."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_of_infrastructure, error.exceptions))
    return isinstance(error, _infrastructure_errors())


def _infrastructure_errors() -> tuple[type[BaseException], ...]:
    """Errors of a service rather than of the scorer, those of the clients that have been imported included."""
    found: list[type[BaseException]] = [InfrastructureError, ConnectionError, TimeoutError]
    for module, names in (("httpx", ("TransportError",)), ("requests", ("ConnectionError", "Timeout"))):
        found += [getattr(sys.modules[module], name) for name in names if module in sys.modules]
    if "openai" in sys.modules:
        client = sys.modules["openai"]
        found += [client.APIConnectionError, client.RateLimitError, client.InternalServerError]
    return tuple(found)
