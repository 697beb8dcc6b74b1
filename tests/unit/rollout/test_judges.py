"""Who decides between candidates, and the command that asks them; engines are real in the integration tests."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest

from rewards.errors import UserError
from rewards.scorers.endpoint import EndpointSpec
from rollout.judges import agreement, endpoint, judge_of, likelihood, oracle
from rollout.reasoning import Candidate
from rollout.rows import Row
from tests.unit.rewards.rationales import GOOD

BEGINNING = GOOD[: GOOD.index("expression")]


def candidate(text: str, *log_probs: float) -> Candidate:
    return Candidate(text, np.array(log_probs, dtype=np.float32))


def test_agreement_likes_what_lies_in_the_middle() -> None:
    brown, red = candidate(BEGINNING), candidate(BEGINNING.replace("brown", "red"))
    other = candidate(BEGINNING.replace("brown", "black").replace("lowered", "raised"))
    votes = agreement(0, [other, brown, red, brown])
    assert votes.index(max(votes)) == 1
    assert votes[1] == votes[3] > votes[2] > votes[0]
    assert agreement(0, [brown]) == [0.0]
    assert len(agreement(0, [candidate("no tree"), candidate("")])) == 2


def test_likelihood_is_a_mean_and_an_empty_stage_has_one() -> None:
    assert likelihood(1, [candidate("a", -1.0, -3.0), candidate("b", -1.5), candidate("c")]) == [-2.0, -1.5, 0.0]


def test_the_oracle_knows_what_is_true_at_each_level() -> None:
    wrong_leaf = candidate(BEGINNING.replace("brown", "red"))
    assert oracle(0, [candidate(BEGINNING), wrong_leaf], gold=GOOD) == [1.0, 0.5]
    assert oracle(1, [candidate(GOOD), candidate(GOOD.replace("scowl", "smile"))], gold=GOOD) == [1.0, 0.0]
    assert oracle(2, [candidate(GOOD), candidate(GOOD.replace("angry", "happy").replace("Angry", "Happy"))], gold=GOOD) == [1, 0]
    with pytest.raises(UserError, match="row 1: the oracle needs a gold tree"):
        judge_of("oracle")(Row(0, "?", (), "rationale"))


class Marks(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint that gives longer texts higher marks."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mark = min(10, len(asked["messages"][1]["content"]) / 100)
        answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": json.dumps({"score": mark})}}]}
        body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", **answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_model_behind_an_endpoint_gives_marks() -> None:
    server = HTTPServer(("127.0.0.1", 0), Marks)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        spec = EndpointSpec(f"http://127.0.0.1:{server.server_port}/v1", "m")
        assert endpoint(0, [candidate("x" * 200), candidate("y" * 500)], spec=spec) == [2.0, 5.0]
    finally:
        server.shutdown()


@pytest.mark.parametrize(("name", "url"), [("best", None), ("endpoint", None), ("agreement", "http://localhost")])
def test_judges_that_cannot_be_are_refused(name: str, url: str | None) -> None:
    with pytest.raises(UserError, match="scorer"):
        judge_of(name, url, "m" if url else None)
