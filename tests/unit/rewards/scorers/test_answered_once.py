"""Equal questions are asked once, at one time and later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rewards.sample import ScorerError
from rewards.scorers.answered_once import AnsweredOnce, FileAnswers, MemoryAnswers
from rewards.scorers.questions import Question


class Model:
    """Repeats what it is asked, after a moment, and keeps what it was asked."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.asked: list[str] = []

    async def __call__(self, question: Question) -> str:
        self.asked.append(question.user)
        await asyncio.sleep(self.seconds)
        if question.user == "bad":
            raise ScorerError("cannot say")
        return question.user


def question(user: str) -> Question:
    return Question("s", user, "n", {})


async def together(once: AnsweredOnce, *users: str) -> list[str | BaseException]:
    return await asyncio.gather(*(once.ask(question(user), str) for user in users), return_exceptions=True)


def test_equal_questions_are_counted_and_asked_once() -> None:
    model = Model()
    once = AnsweredOnce(model, MemoryAnswers())
    assert asyncio.run(together(once, "u", "u", "v")) == ["u", "u", "v"]
    assert asyncio.run(together(once, "v", "w")) == ["v", "w"]
    assert (model.asked, once.questions, once.hits) == (["u", "v", "w"], 5, 2)


def test_a_failure_is_everybodys_and_is_asked_again_later() -> None:
    model = Model()
    once = AnsweredOnce(model, MemoryAnswers())
    assert [str(one) for one in asyncio.run(together(once, "bad", "bad"))] == ["cannot say"] * 2
    asyncio.run(together(once, "bad"))
    assert model.asked == ["bad", "bad"]


def test_an_answer_that_its_reader_refuses_is_not_kept() -> None:
    def refuse(text: str) -> str:
        raise ScorerError("no")

    model = Model()
    once = AnsweredOnce(model, MemoryAnswers())
    with pytest.raises(ScorerError, match="no"):
        asyncio.run(once.ask(question("u"), refuse))
    assert asyncio.run(once.ask(question("u"), str.upper)) == "U"
    assert model.asked == ["u", "u"]


def test_one_who_stops_waiting_takes_the_answer_from_nobody() -> None:
    model = Model(seconds=0.1)
    once = AnsweredOnce(model, MemoryAnswers())

    async def both() -> str:
        impatient = asyncio.create_task(once.ask(question("u"), str))
        await asyncio.sleep(0.01)
        patient = asyncio.create_task(once.ask(question("u"), str))
        await asyncio.sleep(0.01)
        impatient.cancel()
        return await patient

    assert asyncio.run(both()) == "u"
    assert model.asked == ["u"]


def test_what_is_kept_in_memory_has_a_bound() -> None:
    model = Model()
    once = AnsweredOnce(model, MemoryAnswers(most=2))
    for user in ("u", "v", "w", "u"):
        asyncio.run(once.ask(question(user), str))
    assert model.asked == ["u", "v", "w", "u"]


def test_what_is_asked_of_another_model_has_other_answers(tmp_path: Path) -> None:
    file, model = tmp_path / "new" / "answers.sqlite", Model()
    for name in ("small", "large", "small"):
        assert asyncio.run(AnsweredOnce(model, FileAnswers(file), name).ask(question("u"), str)) == "u"
    assert model.asked == ["u", "u"]
