"""Rows as they are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rewards.errors import UserError
from rewards.sample import RewardSample
from rewards.scorers import qa
from rl.evaluation.questions import digest_of_folder, directly, questions_of
from rollout.media.medium import Medium
from rollout.rows.row import Row
from rollout.samples import gold_sample


@pytest.fixture
def clip(tmp_path: Path) -> Medium:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"some frames")
    return Medium("video", str(file))


def row(task: str, clip: Medium, words: str = "<video>", **columns: Any) -> Row:
    return Row(0, words, (clip,), task, **columns)


def test_a_row_with_words_is_asked_as_it_is(clip: Medium) -> None:
    (asked,) = questions_of([row("emotion_single", clip, "<video>Which one?")])
    assert asked.row.question == "<video>Which one?"
    assert asked.arm == "asked"


def test_a_row_without_words_is_asked_as_the_paper_asks_its_task(clip: Medium) -> None:
    plain, chosen, units = questions_of(
        [
            row("emotion_single", clip, "<video>."),
            row("sentiment_single", clip, options=("Positive", "Negative")),
            row("action_units", clip),
        ]
    )
    start = "<video>Please watch the video clip and identify the expression on the person's face: (A) Happy (B) Sad"
    assert plain.row.question.startswith(start)
    assert chosen.row.question.endswith("the sentiment on the person's face: (A) Positive (B) Negative")
    assert "AU12 lip corner puller" in units.row.question


def test_answers_to_the_default_options_are_read_as_these(clip: Medium) -> None:
    (asked,) = questions_of([row("emotion_single", clip, answer="sad")])
    sample = replace(gold_sample(asked.row), completion="B")
    assert qa(sample) == 1.0
    assert qa(replace(sample, completion="(A) Happy")) == 0.0


def test_a_task_without_words_has_to_bring_its_own(clip: Medium) -> None:
    with pytest.raises(UserError, match=r"row 1: has no question, and none is known for the task 'my_task'"):
        list(questions_of([row("my_task", clip)]))


def test_the_direct_arm_asks_a_rationale_for_its_answer_alone(clip: Medium) -> None:
    tree = row("rationale", clip, "<video>Describe the person as a tree.", answer="sad", tree="<tree>…")
    asked, direct, other = questions_of([tree, row("qa", clip, "<video>Who?")], direct=True)
    assert (direct.arm, direct.pair, direct.clip) == ("direct", asked.pair, asked.clip)
    assert direct.row.task == "emotion_single"
    assert direct.row.question.startswith("<video>Please watch the video clip and identify the emotion")
    assert "tree" not in direct.row.question
    assert (direct.row.tree, direct.row.answer) == (None, "sad")
    assert other.arm == "asked"
    assert qa(RewardSample("sad", "emotion_single", direct.row.question, "sad")) == 1.0
    assert "joy, rage" in directly(replace(tree, options=("joy", "rage"))).question


def test_questions_are_told_apart_by_words_and_by_content(clip: Medium, tmp_path: Path) -> None:
    def digest(**changes: Any) -> tuple[str, str]:
        (asked,) = questions_of([replace(row("qa", clip, "<video>Who?"), **changes)])
        return asked.digest, asked.clip

    one, of_clip = digest()
    assert digest(answer="me", index=9) == (one, of_clip)  # what is right, and where it stands, is not asked
    assert digest(question="<video>Where?")[0] != one
    assert digest(media=(replace(clip, start=1.0),)) != (one, of_clip)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(b"some frames")
    assert digest(media=(Medium("video", str(copy)),)) == (one, of_clip)
    copy.write_bytes(b"other frames")
    assert digest(media=(Medium("video", str(copy)),)) != (one, of_clip)


def test_text_alone_is_a_clip_of_its_own() -> None:
    one, two = questions_of([Row(0, "Why?", (), "qa"), Row(1, "How?", (), "qa")])
    assert one.clip != two.clip


def test_a_folder_is_told_apart_by_the_content_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"1")
    first = digest_of_folder(tmp_path)
    (tmp_path / "evaluations").mkdir()
    (tmp_path / "evaluations" / "results.json").write_text("{}")  # what is evaluated inside it does not make it another model
    (tmp_path / "mlflow.db").touch()
    assert digest_of_folder(tmp_path) == first
    (tmp_path / "w.safetensors").write_bytes(b"2")
    assert digest_of_folder(tmp_path) != first


def test_a_row_that_repeats_another_is_asked_and_counted_once(clip: Medium) -> None:
    one = row("qa", clip, "<video>Who?", answer="me")
    found = list(questions_of([one, replace(one, index=1), replace(one, answer="you")]))
    assert [question.row.answer for question in found] == ["me", "you"]
    assert found[0].digest == found[1].digest  # one answer does for both
    assert found[0].pair != found[1].pair  # but they are not compared as one
