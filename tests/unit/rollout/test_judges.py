"""Who decides between candidates, and the command that asks them; engines are real in the integration tests."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from rewards.errors import UserError
from rewards.sample import ScorerError, Shown
from rewards.scorers.endpoint import EndpointSpec
from rewards.scorers.questions import Question, Read
from rollout.judges import agreement, by_model, judge_of, likelihood, oracle
from rollout.media.medium import Medium
from rollout.reasoning import Candidate
from rollout.rows.row import Row
from tests.unit.rewards.rationales import GOOD
from tests.unit.rewards.scorers.endpoint_server import EndpointServer

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


class Marks:
    """A judge that gives longer texts higher marks, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def ask(self, question: Question, read: Callable[[str], Read]) -> Read:
        self.asked.append(question)
        return read(json.dumps({"score": len(json.loads(question.user)["rationale"]) // 10}))


def test_the_hosted_judge_gives_marks_and_is_shown_the_clip() -> None:
    marks = Marks()
    judge = judge_of("judge", hosted=marks)(Row(0, "?", (Medium("video", "a.mp4"),), "rationale"))
    assert judge(1, [candidate("x" * 200), candidate("y" * 500)]) == [20.0, 50.0]
    assert {question.media for question in marks.asked} == {(Shown("video", "a.mp4"),)}
    assert "Judge its expressions" in marks.asked[0].system
    with pytest.raises(UserError, match=r"set rewards\.judge\.model"):
        judge_of("judge")


def test_a_model_behind_an_endpoint_gives_marks() -> None:
    server = EndpointServer()
    server.answer = lambda request: (200, {"score": 7 if "brown" in request["messages"][1]["content"] else 3})
    try:
        judge = judge_of("endpoint", server.url, "m")(Row(0, "?", (Medium("video", "a.mp4"),), "rationale"))
        assert judge(0, [candidate("red"), candidate("brown")]) == [3.0, 7.0]
        server.answer = lambda request: (200, {"score": 700})
        with pytest.raises(ScorerError, match="another form"):
            by_model(0, [candidate("black")], model=EndpointSpec(server.url, "m"))
    finally:
        server.close()


@pytest.mark.parametrize(("name", "url"), [("best", None), ("endpoint", None), ("agreement", "http://localhost")])
def test_judges_that_cannot_be_are_refused(name: str, url: str | None) -> None:
    with pytest.raises(UserError, match="scorer"):
        judge_of(name, url, "m" if url else None)
