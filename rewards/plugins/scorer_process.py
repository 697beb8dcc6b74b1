"""The process that runs a scorer on its own. `rewards/plugins/supervisor.py` starts it for `process_runner.py`.

Requests come pickled from the parent. Answers go back as JSON, so that the parent unpickles nothing that a scorer made.
It imports no scorer but its own: the shipped ones would bring numba.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from rewards.plugins.calling import call, failure, is_async
from rewards.plugins.loading import Scorer, load_scorer
from rewards.plugins.spec import PluginError, ScorerSpec
from rewards.sample import Failure, Outcome, RewardSample, Score


@dataclass(frozen=True)
class Hello:
    """The parent's first message."""

    spec: ScorerSpec
    """The scorer to load."""
    path: tuple[str, ...]
    """The parent's `sys.path`."""


def main(descriptor: int) -> None:
    """Load a scorer and answer requests until the parent closes the pipe.

    Args:
        descriptor: file descriptor of the pipe to the parent.
    """
    pipe: Connection = Connection(descriptor)
    hello: Hello = pipe.recv()
    sys.path[:] = hello.path
    if hello.spec.memory_gib:
        limit = int(hello.spec.memory_gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        scorer = load_scorer(hello.spec)
    except Exception as error:  # noqa: BLE001 - whatever an import raises is told to the parent
        message = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        pipe.send_bytes(json.dumps({"error": message}).encode())
        return
    ready = {"mode": scorer.mode, "sha256": scorer.sha256, "concurrent": is_async(scorer.function)}
    pipe.send_bytes(json.dumps(ready).encode())
    while True:
        try:
            number, samples = pipe.recv()
        except EOFError:
            return
        _answer(pipe, scorer, number, samples)


def _answer(pipe: Connection, scorer: Scorer, number: int, samples: list[RewardSample]) -> None:
    """Answer the request `number`, sample by sample."""
    spec = scorer.spec
    try:
        for index, outcome in call(scorer.function, spec.name, scorer.mode, samples, spec.parameters, spec.timeout):
            pipe.send_bytes(json.dumps({"request": number, "index": index, **as_json(outcome)}).encode())
    except BaseException as error:
        # SystemExit and KeyboardInterrupt from a scorer end the process, but not without a word
        pipe.send_bytes(json.dumps({"request": number, "fatal": failure(error).message}).encode())
        raise


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
