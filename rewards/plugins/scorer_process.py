"""The process that runs a scorer on its own. `rewards/plugins/supervisor.py` starts it for `process_runner.py`.

Requests come pickled from the parent. Answers go back as JSON, so that the parent unpickles nothing that a scorer made.
It imports no scorer but its own: the shipped ones would bring numba.
"""

from __future__ import annotations

import ctypes
import json
import logging
import resource
import sys
import warnings
from multiprocessing.connection import Connection
from typing import Any

from rewards.plugins.calling import call, failure, is_async
from rewards.plugins.loading import Scorer, load_scorer
from rewards.plugins.sending import Hello, Unsendable, unpack_hello, unpack_samples
from rewards.plugins.spec import NotInstalled, PluginError
from rewards.sample import Failure, Outcome, RewardSample, Score

_C = ctypes.CDLL(None)


def main(descriptor: int) -> None:
    """Load a scorer and answer requests until the parent closes the pipe.

    Args:
        descriptor: file descriptor of the pipe to the parent.
    """
    pipe: Connection = Connection(descriptor)
    hello: Hello = pipe.recv()
    sys.path[:] = hello.path
    _show_at_once()
    if hello.spec.memory_gib:  # the watcher counts what several processes hold; this is told to the scorer as a MemoryError
        limit = int(hello.spec.memory_gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        scorer = load_scorer(unpack_hello(hello))
    except BaseException as error:  # noqa: BLE001 - whatever an import raises is told to the parent, SystemExit too
        message = str(error) if isinstance(error, PluginError) else f"scorer {hello.spec.name!r}: {failure(error).message}"
        pipe.send_bytes(json.dumps({"error": message, "not_installed": isinstance(error, NotInstalled)}).encode())
        return
    ready = {
        "mode": scorer.mode,
        "sha256": scorer.sha256,
        "concurrent": is_async(scorer.function),
        "promised": scorer.promised,
        "env": scorer.env,
    }
    pipe.send_bytes(json.dumps(ready).encode())
    while True:
        try:
            number, packed = pipe.recv()
        except EOFError:
            return
        try:
            samples = unpack_samples(packed)
        except Unsendable as error:
            pipe.send_bytes(json.dumps({"request": number, "unreadable": str(error)}).encode())
            continue
        _answer(pipe, scorer, number, samples)


def _show_at_once() -> None:
    """Have whatever is printed and logged leave this process with its line, a log line with its level and its logger's name."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    warnings.simplefilter("default", UserWarning)  # which a run's processes keep quiet of, for libraries
    handler = logging.lastResort  # which a scorer that configures logging replaces
    assert handler is not None
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.NOTSET)  # loggers have levels of their own, and without one WARNING


def _answer(pipe: Connection, scorer: Scorer, number: int, samples: list[RewardSample]) -> None:
    """Answer the request `number`, sample by sample."""
    spec = scorer.spec
    for index, outcome in call(
        scorer.function, spec.name, scorer.mode, samples, scorer.parameters, spec.timeout, faults=BaseException
    ):
        sys.stdout.flush()
        _C.fflush(None)  # what C code has printed
        pipe.send_bytes(json.dumps({"request": number, "index": index, **as_json(outcome)}).encode())


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as an answer to the parent."""
    match outcome:
        case Score():
            return {"value": outcome.value, "parts": dict(outcome.parts)}
        case Failure():
            return {"error": outcome.message, "infrastructure": outcome.infrastructure}
        case None:
            return {}


def from_json(answer: dict[str, Any]) -> Outcome:
    """The outcome in an answer of the child: the inverse of `as_json`."""
    if "value" in answer:
        return Score(answer["value"], answer["parts"])
    if "error" in answer:
        return Failure(answer["error"], answer["infrastructure"])
    return None
