"""The file that keeps answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.errors import UserError
from rl.evaluation.answers import Answer, AnswerFile, Sampling, key_of
from rl.evaluation.questions import EvalQuestion
from rollout.rows.row import Row

QUESTION = EvalQuestion(Row(0, "?", (), "qa"), "asked", "d1", "d1", "c")


def test_answers_are_there_for_the_next_call_and_failures_are_not(tmp_path: Path) -> None:
    file = tmp_path / "new" / "answers.jsonl"
    with AnswerFile.open(file) as answers:
        answers.add(Answer("k", 0, "yes, “sehr”", "stop", 4))
        answers.add(Answer("k", 1, problem="no answer in time: 3 s"))
        assert answers.get("k", 1) is None
    with AnswerFile.open(file) as answers:
        assert answers.get("k", 0) == Answer("k", 0, "yes, “sehr”", "stop", 4)
        assert answers.get("k", 1) is None
        answers.add(Answer("k", 1, "now"))
    assert len(file.read_text().splitlines()) == 2


def test_a_line_that_was_cut_off_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    with AnswerFile.open(file) as answers:
        answers.add(Answer("a", 0, "one"))
        answers.add(Answer("b", 0, "two"))
    file.write_bytes(file.read_bytes()[:-9])
    with AnswerFile.open(file) as answers:
        assert (answers.get("a", 0), answers.get("b", 0)) == (Answer("a", 0, "one"), None)
        answers.add(Answer("b", 0, "again"))
    with AnswerFile.open(file) as answers:
        assert answers.get("b", 0) == Answer("b", 0, "again")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"key": "a", "sample": 0}\n{"messages": []}\n')
    with pytest.raises(UserError, match=r"answers\.jsonl, line 2: is no answer"), AnswerFile.open(file):
        pass


def test_two_evaluations_do_not_write_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    with AnswerFile.open(file), pytest.raises(UserError, match="another evaluation writes to it"), AnswerFile.open(file):
        pass


def test_whatever_changes_an_answer_changes_its_key() -> None:
    def key(model: str = "m", sampling: Sampling = Sampling(), longest: int = 8, clip: object = 1) -> str:  # noqa: B008
        return key_of(QUESTION, model, sampling, longest, clip)

    keys = [key(), key(model="n"), key(sampling=Sampling(0.5)), key(sampling=Sampling(0.5, seed=1)), key(longest=9), key(clip=2)]
    assert len(set(keys)) == len(keys)
    assert key(sampling=Sampling(seed=3)) == key()  # greedy answers have no seed
    assert key(sampling=Sampling(0.5, count=4)) == key(sampling=Sampling(0.5))  # more answers go on with those that are there
