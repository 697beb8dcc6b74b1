"""Asking a language model behind an endpoint: at a pace, for a fixed form of answer, once for equal questions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from rewards.sample import InfrastructureError, ScorerError
from rewards.scorers.endpoint import EndpointSpec, open_endpoint
from rewards.scorers.questions import AnswerForm, Question, ask
from tests.unit.rewards.scorers.endpoint_server import EndpointServer


class Mark(AnswerForm):
    """A small answer."""

    score: int = Field(le=100)


def asked(endpoint: EndpointServer, *texts: str, **settings: Any) -> list[Any]:
    """The answers, or errors, to questions that are asked at one time."""
    judge = open_endpoint(EndpointSpec(endpoint.url, "m", **{"retries": 0, **settings}))

    async def every() -> list[Any]:
        return await asyncio.gather(*(ask(judge, "s", {"text": text}, Mark) for text in texts), return_exceptions=True)

    return asyncio.run(every())


def test_a_question_carries_model_texts_and_schema(endpoint: EndpointServer) -> None:
    assert asked(endpoint, 'u"}') == [Mark(score=80)]
    (request,) = endpoint.asked
    assert (request["model"], request["temperature"]) == ("m", 0.0)
    assert [message["content"] for message in request["messages"]] == ["s", '{"text": "u\\"}"}']
    schema = {"name": "Mark", "schema": Mark.model_json_schema(), "strict": True}
    assert request["response_format"]["json_schema"] == schema


def test_it_is_sent_texts_alone_and_asked_once_about_them_whatever_there_is_to_see(endpoint: EndpointServer) -> None:
    judge = open_endpoint(EndpointSpec(endpoint.url, "m"))
    for clip in ("a.mp4", "b.mp4"):
        asyncio.run(judge.ask(Question("s", "u", "n", Mark.model_json_schema(), (("video", clip),)), Mark.read))
    (request,) = endpoint.asked
    assert "mp4" not in str(request)


def test_equal_questions_are_asked_once_at_one_time_and_later(endpoint: EndpointServer) -> None:
    assert len(asked(endpoint, "u", "u", "v")) == 3
    assert len(asked(endpoint, "u", "v")) == 2
    assert len(endpoint.asked) == 2


def test_a_file_keeps_answers_beyond_the_process(endpoint: EndpointServer, tmp_path: Path) -> None:
    cache = str(tmp_path / "new" / "answers.sqlite")
    asked(endpoint, "u", cache=cache)
    open_endpoint.cache_clear()  # another process would find the answers in the file
    asked(endpoint, "u", cache=cache)
    assert len(endpoint.asked) == 1


def test_an_answer_of_another_form_is_refused_and_not_kept(endpoint: EndpointServer) -> None:
    endpoint.answer = lambda request: (200, {"score": 300})
    (error,) = asked(endpoint, "u")
    assert isinstance(error, ScorerError)
    assert "score: Input should be less than or equal to 100" in str(error)
    endpoint.answer = lambda request: (200, {"score": 1})
    assert asked(endpoint, "u") == [Mark(score=1)]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ScorerError), (404, ScorerError), (429, InfrastructureError), (503, InfrastructureError)]
)
def test_only_a_busy_endpoint_may_be_asked_again(endpoint: EndpointServer, status: int, kind: type[Exception]) -> None:
    endpoint.answer = lambda request: (status, {})
    (error,) = asked(endpoint, "u")
    assert type(error) is kind
    assert f"{endpoint.url} answered {status}" in str(error)


def test_an_endpoint_that_is_not_there(endpoint: EndpointServer) -> None:
    endpoint.close()
    (error,) = asked(endpoint, "u")
    assert isinstance(error, InfrastructureError)
    assert f"{endpoint.url} cannot be reached" in str(error)


def test_requests_keep_their_pace(endpoint: EndpointServer) -> None:
    began = time.monotonic()
    asked(endpoint, "u", "v", "w", per_minute=600)
    assert time.monotonic() - began >= 0.2
