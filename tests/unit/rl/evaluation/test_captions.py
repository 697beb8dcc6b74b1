"""What captions are worth, with a judge and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rewards.sample import InfrastructureError, RewardSample
from rewards.scorers.questions import Question
from rl.config.schema import Config, ScorerConfig
from rl.evaluation.captions import ASPECTS, judge_captions, measure_of


class Judge:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: str) -> None:
        self.answer, self.asked = answer, list[Question]()

    async def ask(self, question: Question, read: Callable[[str], Any]) -> Any:
        self.asked.append(question)
        if self.answer == "busy":
            raise InfrastructureError("all engines are busy")
        return read(self.answer)


def config(**scorers: Any) -> Config:
    found = Config()
    found.rewards.scorers = {
        name: ScorerConfig(tasks=tasks, parameters=parameters) for name, (tasks, parameters) in scorers.items()
    }
    return found


JUDGED = {"caption": (["*_caption", "attribute_open"], {"judge": "hosted"}), "caption_tree": (["fine_caption"], {})}


def test_who_measures_is_said_of_each_task() -> None:
    judged, plain = config(**JUDGED), config(qa=(["*"], {}))
    tasks = ("action_caption", "attribute_open", "fine_caption", "emotion_single", "rationale_text", "rationale")
    assert [measure_of(judged, task) for task in tasks] == ["judge", "judge", "judge", None, "rules", None]
    assert [measure_of(plain, task) for task in tasks] == ["overlap", None, "rules", None, "rules", None]
    assert measure_of(config(caption=(["attribute_open"], {})), "attribute_open") == "overlap"


def test_the_mix_s_judge_marks_captions() -> None:
    judge = Judge('{"score": 80}')
    found = judge_captions(config(**JUDGED), [RewardSample("a smile", "action_caption", "?", "she smiles")], judge)
    assert found == [{"score": 0.8}]
    assert "she smiles" in judge.asked[0].user


def test_a_fine_caption_has_six_aspects() -> None:
    judge = Judge('{"vtr": 69, "flu": 93, "ra": 66, "ia": 68, "lab": 59, "clu": 61}')
    (found,) = judge_captions(config(**JUDGED), [RewardSample("He smiles.", "fine_caption", "?", "A man smiles.")], judge)
    assert isinstance(found, dict)
    assert {name: found[name] for name in ASPECTS} == {"lab": 0.59, "clu": 0.61, "ia": 0.68, "ra": 0.66, "vtr": 0.69, "flu": 0.93}
    assert found["score"] == pytest.approx(sum(found[name] for name in ASPECTS) / 6)
    assert "Score each aspect" in judge.asked[0].system


@pytest.mark.parametrize("answer", ["busy", "I like it", '{"vtr": 500, "flu": 1, "ra": 1, "ia": 1, "lab": 1, "clu": 1}'])
def test_a_judge_that_fails_gives_no_zero(answer: str) -> None:
    samples = [RewardSample("He smiles.", "fine_caption", "?", "A man smiles."), RewardSample("a", "action_caption", "?", "b")]
    found = judge_captions(config(**JUDGED), samples, Judge(answer))
    assert isinstance(found[0], str) and found[0].startswith("the judge gave no verdict: ")
    assert isinstance(found[1], str)


def test_without_a_judge_words_are_compared_and_aspects_by_rules() -> None:
    samples = [
        RewardSample("a happy man", "action_caption", "?", "a happy man"),
        RewardSample("The man has black hair and looks happy.", "fine_caption", "?", "A man with black hair. He is happy."),
        RewardSample("a man", "action_caption", "?", "a happy man"),
    ]
    first, fine, last = judge_captions(config(qa=(["*"], {})), samples, None)
    assert first == {"score": 1.0}
    assert isinstance(last, dict) and last["score"] == pytest.approx(0.8)
    assert isinstance(fine, dict) and set(fine) == {"lab", "clu", "score"}
    assert (fine["lab"], fine["clu"]) == (1.0, 1.0)
