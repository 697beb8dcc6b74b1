"""Questions to a server that is slow, malformed and failing by turns."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from rl.evaluation.answers import Answer, Sampling
from rl.evaluation.endpoint.client import Asked, Patience, ask_all
from rl.evaluation.endpoint.server import EndpointError, Server
from rollout.media.medium import ClipSpec, Medium
from rollout.rows.row import Row
from tests.unit.rl.evaluation.endpoint.server import LocalServer, drip, question_in, said, send, serving

QUICK = Patience(at_once=4, timeout=0.4, tries=3, pause=0.01)


def asked(words: str, **of_row: Any) -> Asked:
    return Asked(words, 0, Row(0, words, (), "qa", **of_row), 16)


def answers(server: LocalServer, questions: list[Asked], patience: Patience = QUICK) -> dict[str, Answer]:
    found: list[Answer] = []
    ask_all(Server(server.url, "m"), questions, Sampling(), ClipSpec(), patience, found.append)
    assert len(found) == len(questions)
    return {answer.key: answer for answer in found}


def test_each_fault_costs_its_own_question_and_no_other() -> None:
    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        match question_in(body):
            case "slow":
                time.sleep(1.0)
            case "drips":
                drip(handler)
            case "fails":
                send(handler, 500, "out of memory")
            case "refuses":
                send(handler, 400, {"error": "too long"})
            case "no json":
                send(handler, 200, "<html>gateway</html>")
            case "no choices":
                send(handler, 200, {"choices": []})
            case "no object":
                send(handler, 200, [1])
            case "no message":
                send(handler, 200, {"choices": [{}]})
            case "no text":
                send(handler, 200, {"choices": [{"message": {"content": 5}}]})
            case "hangs up":
                handler.connection.close()
            case "error":
                send(handler, 200, {"error": {"message": "the context\nis too long"}})
            case "half":
                send(handler, 200, said("sad \ud83d"))
            case "silent":
                send(handler, 200, {"choices": [{"message": {"content": None}, "finish_reason": "length"}]})
            case other:
                send(handler, 200, said(f"about {other}"))

    names = ["slow", "drips", "fails", "refuses", "no json", "no choices", "no object", "no message", "no text", "hangs up"]
    with serving(behave) as server:
        found = answers(server, [asked(name) for name in [*names, "error", "half", "silent", *(f"good {n}" for n in range(20))]])
    problems = {name: found[name].problem or "" for name in names}
    assert problems["slow"] == problems["drips"] == "no answer in time: 0.4 s"
    assert problems["fails"] == "HTTP 500: out of memory"
    assert problems["refuses"].startswith("HTTP 400: ")
    assert problems["no json"].startswith("not JSON: ")
    assert problems["no choices"] == problems["no object"] == "no choices in the answer"
    assert problems["no message"] == "no message in the answer"
    assert problems["no text"] == "the answer's content is no text"
    assert problems["hangs up"].startswith("connection failed: ")
    assert (found["error"].problem or "").startswith("an error instead of an answer: {'message': 'the context")
    assert found["half"].text == "sad ?"
    assert (found["silent"].text, found["silent"].finish_reason, found["silent"].problem) == ("", "length", None)
    assert all(found[f"good {n}"] == Answer(f"good {n}", 0, f"about good {n}", "stop", 3) for n in range(20))


def test_what_may_help_is_tried_again_and_what_may_not_is_not() -> None:
    tries: Counter[str] = Counter()

    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        name = question_in(body)
        tries[name] += 1
        if name == "refuses":
            send(handler, 422, "no")
        elif tries[name] < 3:
            send(handler, 429 if name == "busy" else 200, "later")
        else:
            send(handler, 200, said("at last"))

    with serving(behave) as server:
        found = answers(server, [asked("busy"), asked("malformed"), asked("refuses")])
    assert (found["busy"].text, found["malformed"].text) == ("at last", "at last")
    assert tries == {"busy": 3, "malformed": 3, "refuses": 1}


@pytest.mark.parametrize(
    ("status", "told"), [(401, "set the key in OPENAI_API_KEY"), (404, "mend the address, or the model's name")]
)
def test_what_every_question_would_get_ends_it_at_once(status: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        send(handler, status, f"no such thing:\n{handler.headers['Authorization']}")

    with serving(behave) as server:
        with pytest.raises(EndpointError) as stopped:
            answers(server, [asked(str(number)) for number in range(40)])
        assert len(server.asked) <= 2 * QUICK.at_once
    assert str(stopped.value) == (
        f"{server.url} answered {status} (no such thing: Bearer ***); {told}, and call again: answers so far are kept"
    )


def test_a_busy_server_says_when_it_wants_to_be_asked_again() -> None:
    times: list[float] = []

    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            send(handler, 429, "", **{"Retry-After": "0.3"})
        else:
            send(handler, 200, said("now"))

    with serving(behave) as server:
        assert answers(server, [asked("a")])["a"].text == "now"
    assert times[1] - times[0] >= 0.3  # and not after the usual 0.01 s


def test_so_many_are_under_way_and_no_more() -> None:
    lock, all_there = threading.Lock(), threading.Barrier(QUICK.at_once, timeout=30)
    under_way: list[int] = [0]

    def behave(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with lock:
            under_way.append(under_way[-1] + 1)
        all_there.wait()
        time.sleep(0.02)  # in which more could come
        with lock:
            under_way.append(under_way[-1] - 1)
        send(handler, 200, said("x"))

    with serving(behave) as server:
        answers(server, [asked(str(number)) for number in range(6 * QUICK.at_once)], replace(QUICK, timeout=60.0))
    assert max(under_way) == QUICK.at_once


def test_a_server_that_is_gone_leaves_all_unanswered() -> None:
    with serving(lambda handler, body: None) as server:
        pass
    found = answers(server, [asked("a"), asked("b")])
    assert all((answer.problem or "").startswith("connection failed: ") for answer in found.values())


def test_a_file_that_cannot_be_read_is_not_asked_about() -> None:
    with serving(lambda handler, body: send(handler, 200, said("x"))) as server:
        row = Row(0, "<video>what?", (Medium("video", "/nowhere/a.mp4"),), "qa")
        found = answers(server, [Asked("gone", 0, row, 8), asked("fine")])
        assert len(server.asked) == 1
    assert (found["gone"].problem or "").startswith("not readable: /nowhere/a.mp4")
    assert found["fine"].text == "x"


def test_the_key_is_sent_and_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(lambda handler, body: send(handler, 200, said("x"))) as server:
        assert answers(server, [asked("a")])["a"].text == "x"
        assert server.keys == ["Bearer sk-secret"]
