"""Asking a language model: at a pace, for a fixed form of answer, once for equal questions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from rewards.sample import InfrastructureError, ScorerError
from rewards.scorers import endpoint as module
from rewards.scorers.endpoint import EndpointSpec, open_endpoint
from tests.unit.rewards.scorers.endpoint_server import EndpointServer

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


def check(answer: dict[str, Any]) -> None:
    if answer["score"] > 100:
        raise ScorerError("too high")


def ask(endpoint: EndpointServer, *users: str, **settings: Any) -> list[Any]:
    """The answers, or errors, to questions that are asked at one time."""
    asked = open_endpoint(EndpointSpec(endpoint.url, "m", **{"retries": 0, **settings}))

    async def every() -> list[Any]:
        return await asyncio.gather(*(asked.ask("s", user, "n", SCHEMA, check) for user in users), return_exceptions=True)

    return asyncio.run(every())


def test_a_question_carries_model_texts_and_schema(endpoint: EndpointServer) -> None:
    assert ask(endpoint, "u") == [{"score": 80, "reason": "close"}]
    (request,) = endpoint.asked
    assert (request["model"], request["temperature"]) == ("m", 0.0)
    assert [message["content"] for message in request["messages"]] == ["s", "u"]
    assert request["response_format"]["json_schema"] == {"name": "n", "schema": SCHEMA, "strict": True}


def test_equal_questions_are_asked_once_at_one_time_and_later(endpoint: EndpointServer) -> None:
    assert len(ask(endpoint, "u", "u", "v")) == 3
    assert len(ask(endpoint, "u", "v")) == 2
    assert len(endpoint.asked) == 2


def test_what_is_kept_in_memory_has_a_bound(endpoint: EndpointServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 2)
    for user in ("u", "v", "w", "u"):
        ask(endpoint, user)
    assert [request["messages"][1]["content"] for request in endpoint.asked] == ["u", "v", "w", "u"]


def test_a_file_keeps_answers_beyond_the_process(endpoint: EndpointServer, tmp_path: Path) -> None:
    cache = str(tmp_path / "new" / "answers.sqlite")
    ask(endpoint, "u", cache=cache)
    open_endpoint.cache_clear()  # another process would find the answers in the file
    ask(endpoint, "u", cache=cache)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [("not JSON", "is not JSON"), ({"reason": ""}, "lacks score"), ("[]", "lacks score"), ({"score": 300}, "too high")],
)
def test_an_answer_of_another_form_is_refused_and_not_kept(endpoint: EndpointServer, content: Any, said: str) -> None:
    endpoint.answer = lambda request: (200, content)
    (error,) = ask(endpoint, "u")
    assert isinstance(error, ScorerError)
    assert said in str(error)
    endpoint.answer = lambda request: (200, {"score": 1})
    assert ask(endpoint, "u") == [{"score": 1}]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ScorerError), (404, ScorerError), (429, InfrastructureError), (503, InfrastructureError)]
)
def test_only_a_busy_endpoint_may_be_asked_again(endpoint: EndpointServer, status: int, kind: type[Exception]) -> None:
    endpoint.answer = lambda request: (status, {})
    (error,) = ask(endpoint, "u")
    assert type(error) is kind
    assert f"{endpoint.url} answered {status}" in str(error)


def test_an_endpoint_that_is_not_there(endpoint: EndpointServer) -> None:
    endpoint.close()
    (error,) = ask(endpoint, "u")
    assert isinstance(error, InfrastructureError)
    assert f"{endpoint.url} cannot be reached" in str(error)


def test_requests_keep_their_pace(endpoint: EndpointServer) -> None:
    began = time.monotonic()
    ask(endpoint, "u", "v", "w", per_minute=600)
    assert time.monotonic() - began >= 0.2
