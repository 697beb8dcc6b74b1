"""Rows of Emo-CFG: what their files, sources and texts tell of their tasks, options and answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import rollout.rows.formats.emo_cfg
from rewards.sample import RewardSample
from rollout.faces.emo_cfg import make_emo_cfg
from rollout.rows.build import build_row
from rollout.rows.formats.emo_cfg import emo_cfg, is_emo_cfg
from rollout.rows.row import NOTES

ROOT = Path("/data/Emo-CFG")
EXPRESSION = (
    "<video>.Please watch the video clip and identify the expression on the person's face: (A) Anxiety (B) Surprise (C) Neutral"
)
PRESET = Path(rollout.rows.formats.emo_cfg.__file__).parents[3] / "configs" / "rewards" / "videmo.yaml"


def place(folder: str, name: str = "unknown", split: str = "train") -> Path:
    """A file in one of Emo-CFG's folders."""
    return ROOT / "jsons" / split / folder / "full" / f"{name}.json"


def row(question: str = "<video>.?", reply: str = "a", **columns: Any) -> dict[str, Any]:
    """A row as its files have it."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return {"messages": turns, "videos": ["videos/MAFW/1.mp4"], **columns}


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("RAVDESS_Fine-grained-Emotion-Recognition", "emotion_fine"),
        ("PERR_Single-Label-Conversational-Emotion-Recognition", "conversation"),
        ("MOSI_Single-Label-Sentiment-Recognition", "sentiment_single"),
        ("MOSEI_Single-Label-Sentiment-Recognition", "sentiment_single"),
        ("MER2023_Single-Label-Emotion-Recognition", "emotion_single"),
        ("MELD_Single-Label-Conversational-Emotion-Recognition_new", "conversation"),
        ("MEAD_Fine-grained-Emotion-Recognition", "emotion_fine"),
        ("MEAD_ID", "identity"),
        ("MEAD_Head-Pose", "head_pose"),
        ("MAFW_Single-Label-Emotion-Recognition", "emotion_single"),
        ("DFEW_Single-Label-Emotion-Recognition", "emotion_single"),
        ("CHSIMIv1_Fine-grained-Sentiment-Recognition", "sentiment_fine"),
        ("CelebV-Text_Emotion-Caption", "expression_caption"),
        ("CelebV-Text_Appearance-Caption", "appearance_caption"),
        ("CelebV-Text_Action-Caption", "action_caption"),
        ("CAS_Single-Label-Micro-Expression-Recognition", "micro_expression"),
        ("MAFW_Multiple-Label-Emotion-Recognition", "emotion_multi"),
        ("AffWild2_Action_Unit_Detection", "action_units"),
        ("CelebV-HQ_Appearance-Recognition", "appearance"),
        ("CelebV-HQ_Action-Recognition", "actions"),
        ("caption_test_sampling_v2_all_example", "fine_caption"),
    ],
)
def test_files_that_the_repository_names(name: str, task: str) -> None:
    found = emo_cfg(row(), place("anything", name, "test"))
    assert (found["task"], NOTES in found) == (task, False)
    assert found["source"] == name.partition("_")[0]
    assert emo_cfg(row(source=name), place("anything"))["task"] == task


@pytest.mark.parametrize(
    ("question", "reply", "task"),
    [
        ("As an expert in the field of emotions, please provide a detailed description", "A man.", "fine_caption"),
        ("identify the fine-grained expression with intensity on the person's face:", "Weak Angry", "emotion_fine"),
        ("identify the fine-grained 7 classes sentiment on the person's face:", "Negative", "sentiment_fine"),
        ("identify the sentiment on the person's face: (A) Positive (B) Negative", "A", "sentiment_single"),
        ("identify the micro expression on the person's face:", "Others", "micro_expression"),
        ("identify the action units (AU) performed by the person in the video.", "AU1", "action_units"),
        (EXPRESSION, "BC", "emotion_multi"),
        (EXPRESSION, "B", "emotion_single"),
        (EXPRESSION, "(B) Surprise", "emotion_single"),
        ("identify the attributes of appearance associated with the person.", "young", "appearance"),
        ("Please describe the appearance of the person in the video.", "A man.", "appearance_caption"),
        ("Please describe the actions of the person in the video.", "He nods.", "action_caption"),
        ("Please describe the expression of the person in the video.", "A frown.", "expression_caption"),
        (
            "Please provide a detailed caption describing the emotion and identifying emotional changes",
            "Sad.",
            "expression_caption",
        ),
        ("Please analyze which parts of the environment can explain the reasons for your answer.", "Dim.", "rationale_text"),
    ],
)
def test_questions_that_the_paper_shows(question: str, reply: str, task: str) -> None:
    assert emo_cfg(row(question, reply), place("emotion"))["task"] == task


def test_questions_about_attributes_by_their_source() -> None:
    choice, text = "<video>.What is the chin shape? A.pointed chin B.round chin", "<video>.Describe the chin."
    closed, opened = (emo_cfg(row(question, "B", source="CelebV-Text_QA_Chin"), place("qa")) for question in (choice, text))
    assert (closed["task"], closed["attribute"], closed["answer"]) == ("attribute_closed", "Chin", "round chin")
    assert (opened["task"], opened["attribute"], opened["source"]) == ("attribute_open", "Chin", "CelebV-Text_QA_Chin")
    assert "answer" not in opened
    assert emo_cfg(row(source="x_QA_Face_shape"), place("qa"))["attribute"] == "Face_shape"
    assert [emo_cfg(row(question), place("qa"))["task"] for question in (choice, text)] == ["attribute_closed", "attribute_open"]


def test_rationales_with_a_tree_are_answered_by_trees() -> None:
    assert emo_cfg(row(), place("rationale"))["task"] == "rationale_text"
    assert emo_cfg(row(tree="<tree>"), place("rationale"))["task"] == "rationale"


def test_joined_letters_are_the_set_of_their_labels() -> None:
    built = build_row(emo_cfg(row(EXPRESSION, "CB"), place("emotion")), 0, "w", ROOT)
    assert (built.task, built.answers, built.options) == (
        "emotion_multi",
        ("surprise", "neutral"),
        ("A. anxiety", "B. surprise", "C. neutral"),
    )
    for completion in ("BC", "(B)(C)", "Neutral, surprise"):
        sample = RewardSample(completion, built.task, built.question, built.answer, built.answers, options=built.options)
        assert sample.gold_answer is not None
        assert sample.answered == sample.gold_answer.answer
    assert "answer" not in emo_cfg(row(EXPRESSION, "BX"), place("emotion"))  # X is no option: the reply itself is gold


def test_labels_with_underscores_are_those_with_blanks() -> None:
    built = build_row(
        emo_cfg(row(reply="black_hair,big_nose"), place("attribute", "CelebV-HQ_Appearance-Recognition")), 0, "w", ROOT
    )
    sample = RewardSample("big nose, black hair", built.task, answer=built.answer, answers=built.answers)
    assert sample.gold_answer is not None
    assert sample.answered == sample.gold_answer.answer


def test_what_a_row_states_itself_stays() -> None:
    own = row(EXPRESSION, "B", source="mine", task="qa", answer="C", options=["a", "b"], attribute="x")
    assert emo_cfg(own, place("emotion", "MAFW_Multiple-Label-Emotion-Recognition")) == own


def test_a_row_that_no_line_fits_is_named_and_has_no_task() -> None:
    found = emo_cfg(row(), place("emotion", "new"))
    assert found["task"] is None
    assert found[NOTES] == ("fit no line of emo_cfg.yaml, so that they name no task: emotion/new.json",)
    built = build_row(found, 0, "w", ROOT)
    assert (built.task, built.notes) == ("qa", found[NOTES])


@pytest.mark.parametrize(
    "messages", [None, 3, [], [None], [{"role": "user", "content": None}], [{"role": "assistant", "content": [1]}]]
)
def test_wrong_shapes_are_left_to_whoever_builds_the_row(messages: Any) -> None:
    assert emo_cfg({"messages": messages, "source": 3}, place("qa"))["messages"] is messages


def test_it_is_told_by_its_place_or_its_first_row() -> None:
    assert is_emo_cfg(place("qa"), {})
    assert is_emo_cfg(ROOT / "jsons/test/caption/sampled/more/a.json", {})
    assert not is_emo_cfg(ROOT / "jsons/val/caption/sampled/a.json", {})
    assert is_emo_cfg(Path("a.json"), row(source="CelebV-Text_QA_Hair"))
    assert not is_emo_cfg(Path("a.json"), row("<video>?", source="CelebV-Text_QA_Hair"))
    assert not is_emo_cfg(Path("a.json"), row(source="QA"))


def test_every_line_of_the_table_can_be_read_and_gives_a_task_of_the_preset() -> None:
    text = PRESET.read_text()
    for line in yaml.safe_load(Path(rollout.rows.formats.emo_cfg.__file__).with_suffix(".yaml").read_text())["tasks"]:
        assert line.keys() <= {"task", "folder", "name", "question", "answer", "choice", "has"}
        assert re.search(rf"\b{line['task']}\b", text)
        for key in line.keys() & {"folder", "name", "question", "answer"}:
            re.compile(line[key])


def test_all_rows_of_the_drawn_folder_have_a_task(tmp_path: Path) -> None:
    tasks: dict[str, str] = {}
    for file in sorted(make_emo_cfg(tmp_path, clips=2).glob("jsons/*/*/full/*.json")):
        for one in json.loads(file.read_text()):
            built = build_row(emo_cfg(one, file), 0, "w", tmp_path)
            assert not built.notes
            assert all(Path(medium.path).is_file() for medium in built.media)
            assert tasks.setdefault(file.name, built.task) == built.task
    assert len(set(tasks.values())) >= 15
