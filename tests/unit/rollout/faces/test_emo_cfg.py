"""The small folder that is laid out like Emo-CFG: every kind of question is in it, as the table of tasks knows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rewards.captions.reader import read_caption
from rollout.faces.emo_cfg import make_emo_cfg
from rollout.faces.people import EMOTIONS, Face, all_identities, draw_performance, emotion_of
from rollout.faces.words import rationale_in_words
from rollout.rows.formats.emo_cfg import emo_cfg
from rollout.rows.trees import GoldTree, gold_tree

FOLDERS = ("attribute", "caption", "emotion", "qa", "rationale")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_emo_cfg(tmp_path_factory.mktemp("emo") / "emo-cfg", clips=5)


def rows_of(file: Path) -> list[dict]:
    return json.loads(file.read_text())


def test_it_is_laid_out_as_the_published_folder(folder: Path) -> None:
    for split in ("train", "test"):
        assert sorted(path.name for path in (folder / "jsons" / split).iterdir()) == list(FOLDERS)
        for name in FOLDERS:
            full = sorted((folder / "jsons" / split / name / "full").glob("*.json"))
            sampled = sorted((folder / "jsons" / split / name / "sampled").glob("*.json"))
            assert [file.name for file in full] == [file.name for file in sampled]
            assert all(rows_of(few) == rows_of(all_)[:4] for few, all_ in zip(sampled, full, strict=True))
    rows = [row for file in (folder / "jsons").rglob("full/*.json") for row in rows_of(file)]
    assert all(row["messages"][0]["content"].startswith("<video>.") for row in rows)
    assert all((folder / video).is_file() for row in rows for video in row["videos"])


def test_its_rows_have_all_tasks_of_the_published_ones(folder: Path) -> None:
    for split in ("train", "test"):
        files = (folder / "jsons" / split).rglob("full/*.json")
        tasks = {emo_cfg(row, file)["task"] for file in files for row in rows_of(file)}
        assert tasks == {
            *("attribute_closed", "attribute_open", "identity", "head_pose", "appearance", "actions"),
            *("appearance_caption", "action_caption", "expression_caption", "fine_caption", "rationale_text"),
            *("sentiment_single", "sentiment_fine", "emotion_single", "emotion_multi", "emotion_fine"),
            *("micro_expression", "action_units", "conversation"),
        }


def test_what_is_said_of_a_face_can_be_read(folder: Path) -> None:
    import numpy as np

    rng, read = np.random.default_rng(0), set()
    for person in all_identities()[:200]:
        face = Face(person, draw_performance(rng))
        text = rationale_in_words(face)
        found = gold_tree(text, read_caption(text), {})
        if isinstance(found, GoldTree):
            assert found.answer == emotion_of(face.performance)
            read.add(found.answer)
        else:
            assert found.reason == "no expression is read"  # a mouth at rest
    assert read >= set(EMOTIONS) - {"neutral"}
