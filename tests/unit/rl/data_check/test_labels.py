"""Gold answers that their question or their task does not allow."""

from __future__ import annotations

import pytest

from rewards.sample import RewardSample
from rl.data_check.labels import label_finding, stated_labels


def sample(task: str, answer: str | None, *options: str, question: str = "Which?") -> RewardSample:
    return RewardSample("", task, prompt=question, answer=answer, options=options)


@pytest.mark.parametrize(
    ("task", "answer", "options"),
    [
        ("emotion_single", "happiness", ()),
        ("emotion_multi", "Surprise, joyful", ()),
        ("emotion_fine", "Weak Anger", ()),
        ("emotion_fine", "angry (strong)", ()),
        ("sentiment_fine", "Strong Negative", ()),
        ("action_units", "AU04, AU12", ()),
        ("action_units", "None", ()),
        ("head_pose", "R60", ()),
        ("emotion_single", "B", ()),  # what the letters stand for is not known
        ("emotion_single", "B", ("puzzled", "weird")),
        ("emotion_single", "weird", ("puzzled", "weird")),
        ("qa", "whatever", ()),
        ("emotion_single", None, ()),
    ],
)
def test_answers_that_are_allowed(task: str, answer: str | None, options: tuple[str, ...]) -> None:
    assert label_finding(sample(task, answer, *options)) is None


@pytest.mark.parametrize(
    ("task", "answer", "options", "reason"),
    [
        ("emotion_single", "purple", (), "'purple' is none of the emotions that are known"),
        ("emotion_multi", "sad, purple, green", (), "'green', 'purple' are none of the emotions that are known"),
        ("action_units", "AU4, AU99", (), "'au99' is none of the action units that are known"),
        ("head_pose", "sideways", (), "'sideways' is none of the head poses that are known"),
        ("sentiment_single", "happy", (), "'happy' is none of the sentiments that are known"),
        ("emotion_single", "angry", ("happy", "sad"), "'angry' is none of the question's options (happy, sad)"),
    ],
)
def test_answers_that_are_not(task: str, answer: str, options: tuple[str, ...], reason: str) -> None:
    found = label_finding(sample(task, answer, *options))
    assert found is not None
    assert (found.severity, found.key, found.reason) == ("warning", "answer", reason)


def test_options_are_read_from_the_question_too() -> None:
    question = "Which chin? A. pointed B. round"
    assert label_finding(sample("attribute_closed", "B", question=question)) is None
    found = label_finding(sample("attribute_closed", "square", question=question))
    assert found is not None and "(pointed, round)" in found.reason


def test_labels_are_counted_in_words() -> None:
    assert stated_labels(sample("emotion_single", "B", "happy", "sad")) == ("sad",)
    assert stated_labels(sample("emotion_multi", "joy, sad")) == ("happy", "sad")
    assert stated_labels(sample("qa", None)) == ()
