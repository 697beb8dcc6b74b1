"""Many questions to a server: so many at once, each with a time limit and a few tries. None of them stops the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from rl.evaluation.answers import Answer, Sampling
from rl.evaluation.endpoint.request import MalformedAnswer, Reply, body, reply
from rl.evaluation.endpoint.server import KEY_VARIABLE, EndpointError, Server, headers, in_line, is_local
from rollout.media.decoding import decode
from rollout.media.medium import Clip, ClipSpec, MediaError
from rollout.rows.row import Row

_TRY_AGAIN = (408, 409, 425, 429)
"""Statuses, besides those from 500 on, after which trying again may help."""
_FOR_ALL = {401: f"set the key in {KEY_VARIABLE}", 404: "mend the address, or the model's name"}
"""Statuses that every question would get -> what to do."""


@dataclass(frozen=True)
class Asked:
    """A question that waits for its answer."""

    key: str
    sample: int
    row: Row
    longest: int
    """Tokens of the answer at most."""


@dataclass(frozen=True)
class Patience:
    """How long and how often a server is asked."""

    at_once: int = 16
    """Requests under way at most."""
    timeout: float = 120.0
    """Seconds for one request."""
    tries: int = 3
    pause: float = 1.0
    """Seconds before the second try; twice as long before each further one."""


class _Failed(Exception):
    """One try failed; says how, whether another may help, and after how many seconds the server wants it."""

    def __init__(self, said: str, again: bool = True, after: float = 0.0) -> None:
        super().__init__(said)
        self.again, self.after = again, after


def ask_all(
    server: Server,
    asked: Sequence[Asked],
    sampling: Sampling,
    clip: ClipSpec,
    patience: Patience,
    told: Callable[[Answer], None],
) -> None:
    """Ask all questions.

    Args:
        server: whom.
        asked: what.
        sampling: how answers are drawn.
        clip: how media become frames.
        patience: how long and how often.
        told: called with each answer as it comes, from this thread; one that could not be had says why.

    Raises:
        EndpointError: as soon as the server says what it would say to every question: that the key or the model is unknown.
    """
    asyncio.run(_ask_all(server, asked, sampling, clip, patience, told))


async def _ask_all(
    server: Server,
    asked: Sequence[Asked],
    sampling: Sampling,
    spec: ClipSpec,
    patience: Patience,
    told: Callable[[Answer], None],
) -> None:
    waiting = iter(asked)
    limits = httpx.Limits(max_connections=patience.at_once)
    local = is_local(server.url)
    async with httpx.AsyncClient(timeout=patience.timeout, limits=limits, headers=headers(), trust_env=not local) as client:

        async def work() -> None:
            for one in waiting:  # shared by all workers: each question is taken once, and clips are decoded as they are needed
                told(await _answer(client, server, one, sampling, spec, patience))

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(patience.at_once, len(asked))):
                    workers.create_task(work())
        except ExceptionGroup as stopped:
            raise stopped.exceptions[0] from None


async def _answer(
    client: httpx.AsyncClient, server: Server, one: Asked, sampling: Sampling, spec: ClipSpec, patience: Patience
) -> Answer:
    try:
        clips = await asyncio.to_thread(_frames, one.row, spec)
    except MediaError as error:
        return Answer(one.key, one.sample, problem=f"not readable: {error}")
    sent = body(server, one.row, clips, sampling, one.longest, one.sample)
    problem, after = "", 0.0
    for number in range(patience.tries):
        if number:
            wait = max(patience.pause * 2 ** (number - 1), min(after, patience.timeout))
            await asyncio.sleep(wait * random.uniform(1.0, 1.25))
        try:
            found = await _try(client, server.url, sent, patience.timeout)
            return Answer(one.key, one.sample, found.text, found.finish_reason, found.tokens)
        except _Failed as error:
            problem, after = in_line(str(error)), error.after
            if not error.again:
                break
    return Answer(one.key, one.sample, problem=problem)


async def _try(client: httpx.AsyncClient, url: str, sent: dict[str, object], timeout: float) -> Reply:
    try:
        async with asyncio.timeout(timeout):  # httpx's own counts from the last byte: a server that drips would hold it
            answer = await client.post(f"{url}/chat/completions", json=sent)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise _Failed(f"no answer in time: {timeout:g} s") from error
    except httpx.HTTPError as error:
        raise _Failed(f"connection failed: {error}") from error
    if not answer.is_success:
        again = answer.status_code >= 500 or answer.status_code in _TRY_AGAIN
        if answer.status_code in _FOR_ALL:
            said = in_line(f"{url} answered {answer.status_code} ({answer.text[:200]})")
            raise EndpointError(f"{said}; {_FOR_ALL[answer.status_code]}, and call again: answers so far are kept")
        raise _Failed(f"HTTP {answer.status_code}: {answer.text}", again, _wanted_pause(answer))
    try:
        return reply(answer.json())
    except ValueError as error:
        raise _Failed(f"not JSON: {answer.text[:100]!r}") from error
    except MalformedAnswer as error:
        raise _Failed(str(error)) from error


def _wanted_pause(answer: httpx.Response) -> float:
    """Seconds after which a server wants to be asked again; 0 if it does not say."""
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.replace(".", "", 1).isdecimal() else 0.0


def _frames(row: Row, spec: ClipSpec) -> list[Clip]:
    return [decode(medium, spec) for medium in row.media]
