"""Scorers of the answer and of the completion as a whole."""

from __future__ import annotations

import pytest

from rewards.sample import RewardSample
from rewards.scorers.answer import format, length, overlong, qa
from tests.unit.rewards.rationales import GOOD


@pytest.mark.parametrize(
    ("said", "gold", "task", "score"),
    [
        ("AU1, AU2", "AU1, AU4", "action_units", 0.5),
        ("None", "None", "action_units", 1.0),
        ("AU1", "None", "action_units", 0.0),
        ("", "None", "action_units", 0.0),
        ("Anger (strong)", "angry (strong)", "emotion_fine", 1.0),
        ("angry (weak)", "angry (strong)", "emotion_fine", 0.0),
        ("I think <answer>sad</answer>", "sad", "emotion_single", 1.0),
        ("<answer>sad</answer><answer>happy</answer>", "happy", "emotion_single", 0.0),
        (GOOD, "angry", "rationale", 1.0),
    ],
)
def test_qa_by_task(said: str, gold: str, task: str, score: float) -> None:
    assert qa(RewardSample(said, task=task, answer=gold)) == score


@pytest.mark.parametrize(
    ("said", "score"), [("B", 1.0), ("(b) brown", 1.0), ("brown", 1.0), ("B. brown", 1.0), ("red", 0.0), ("A", 0.0)]
)
def test_an_option_is_chosen_by_letter_or_by_name(said: str, score: float) -> None:
    assert qa(RewardSample(said, task="attribute_closed", answer="B", options=("red", "brown"))) == score


def test_a_wrong_intensity_may_earn_something() -> None:
    sample = RewardSample("angry (weak)", task="emotion_fine", answer="angry (strong)")
    assert (qa(sample), qa(sample, wrong_intensity=0.25)) == (0.0, 0.25)


def test_an_answer_that_no_root_agrees_with_is_a_second_bet() -> None:
    assert qa(RewardSample(GOOD.replace("m1 angry", "m1 sad"), answer="angry")) == 0.0
    assert qa(RewardSample(GOOD.replace("Angry<", "A<"), answer="A", options=("angry", "sad"))) == 1.0
    assert qa(RewardSample("<answer>angry</answer>", answer="angry")) == 1.0


def test_qa_does_not_apply_without_an_answer() -> None:
    assert qa(RewardSample("sad")) is None


@pytest.mark.parametrize(
    ("completion", "task", "finish_reason", "score"),
    [
        (GOOD, "rationale", "stop", 1.0),
        (GOOD, "rationale", "length", 0.0),
        (GOOD.replace("</answer>", ""), "rationale", "stop", 0.0),
        (GOOD.replace("< a2", ""), "rationale", "stop", 1.0),
        (GOOD.replace("expression\n", "Some words.\nexpression\n"), "rationale", "stop", 0.0),
        ("sad", "emotion_single", "stop", 1.0),
        ("sad\nI think", "emotion_single", "stop", 0.0),
        ("  \n ", "emotion_single", "stop", 0.0),
    ],
)
def test_format(completion: str, task: str, finish_reason: str, score: float) -> None:
    assert format(RewardSample(completion, task=task, finish_reason=finish_reason)) == score


@pytest.mark.parametrize(("tokens", "score"), [(0, 1.0), (50, 1.0), (75, 0.5), (100, 0.0), (900, 0.0)])
def test_length_falls_from_half_of_the_longest(tokens: int, score: float) -> None:
    assert length(RewardSample("sad", completion_tokens=tokens), longest=100) == score


def test_a_short_text_is_one_with_a_word() -> None:
    assert length(RewardSample(" \n")) == 0.0


@pytest.mark.parametrize(("tokens", "score"), [(0, 0.0), (60, 0.0), (80, -0.5), (100, -1.0), (900, -1.0)])
def test_overlong_is_a_penalty_within_the_buffer(tokens: int, score: float) -> None:
    assert overlong(RewardSample("", completion_tokens=tokens), longest=100, buffer=40) == score
