"""One row of each format, written by hand from its documentation: all ask the same, and have the same right answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rollout.media.medium import Medium
from rollout.rows.build import build_row
from rollout.rows.formats.registry import AUTO, open_format
from rollout.rows.formats.shipped import SHIPPED
from rollout.rows.row import Row

ROOT = Path("/data/Emo-CFG")
FILE = ROOT / "rows.json"
EMOTION_FILE = ROOT / "jsons" / "train" / "emotion" / "full" / "DFEW_Single-Label-Emotion-Recognition.json"
QUESTION = "Which emotion is it?\nOptions:\nA. happy\nB. sad"
VIDEO = "videos/DFEW/1.mp4"
REPLY = {"role": "assistant", "content": "A"}

ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    # ms-swift, docs/source_en/Customization/Custom-dataset.md
    "ms-swift": (
        "canonical",
        {"messages": [{"role": "user", "content": f"<video>{QUESTION}"}, REPLY], "videos": [VIDEO], "rejected_response": "B"},
    ),
    "ms-swift, without a tag": ("canonical", {"messages": [{"role": "user", "content": QUESTION}, REPLY], "videos": [VIDEO]}),
    # Qwen's cookbooks, and OpenAI's API as vLLM extends it
    "Qwen": (
        "canonical",
        {
            "messages": [
                {"role": "user", "content": [{"type": "video", "video": VIDEO, "fps": 2.0}, {"type": "text", "text": QUESTION}]},
                {"role": "assistant", "content": [{"type": "text", "text": "A"}]},
            ]
        },
    ),
    "OpenAI": (
        "canonical",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "video_url", "video_url": {"url": f"file://{ROOT}/{VIDEO}"}},
                        {"type": "text", "text": QUESTION},
                    ],
                },
                REPLY,
            ]
        },
    ),
    # TRL, docs/source/dataset_formats.md
    "TRL": (
        "trl",
        {
            "prompt": [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": QUESTION}]}],
            "completion": [REPLY],
            "videos": [VIDEO],
        },
    ),
    "TRL, plain": ("trl", {"prompt": QUESTION, "completion": "A", "videos": [VIDEO]}),
    # LLaVA-Video-178K's files, and the field names of ShareGPT
    "LLaVA-Video": (
        "sharegpt",
        {
            "id": "1",
            "conversations": [{"from": "human", "value": f"<image>{QUESTION}"}, {"from": "gpt", "value": "A"}],
            "data_source": "0_30_s_youtube_v0_1",
            "video": VIDEO,
        },
    ),
    "LLaMA-Factory": (
        "sharegpt",
        {"conversations": [{"from": "human", "value": f"<video>{QUESTION}"}, {"from": "gpt", "value": "A"}], "videos": [VIDEO]},
    ),
    # EasyR1, verl/utils/dataset.py and its example data
    "EasyR1": ("easyr1", {"problem": f"<video>{QUESTION}", "answer": "A", "videos": [VIDEO]}),
    # verl, docs/preparation/prepare_data.rst and verl/utils/dataset/rl_dataset.py
    "verl": (
        "verl",
        {
            "data_source": "DFEW",
            "prompt": [{"role": "user", "content": f"<video>{QUESTION}"}],
            "videos": [{"video": f"file://{ROOT}/{VIDEO}"}],
            "ability": "emotion",
            "reward_model": {"style": "rule", "ground_truth": "A"},
            "extra_info": {"split": "train", "index": 0},
        },
    ),
    # Video-R1, Video-R1-260k.json and src/r1-v/src/open_r1/grpo.py
    "Video-R1": (
        "video_r1",
        {
            "problem_id": 2,
            "problem": "Which emotion is it?",
            "data_type": "video",
            "problem_type": "multiple choice",
            "options": ["A. happy", "B. sad"],
            "process": "",
            "solution": "<answer>A</answer>",
            "path": f"./{VIDEO}",
            "data_source": "DFEW",
        },
    ),
}
"""Where it is from -> format, and row."""


def read(name: str, row: dict[str, Any], file: Path = FILE) -> Row:
    """A row of a file, in the format that is told by it."""
    found = open_format(AUTO, file, list(row), row)
    assert (found.name, found.detected) == (name, True)
    assert found.sentence("x") == f"rows of x are read as {name} (data.format: auto)"
    return build_row(found.columns(row, "w"), 0, "w" + found.reader, ROOT)


@pytest.mark.parametrize("origin", ROWS)
def test_all_ask_the_same_and_have_the_same_gold(origin: str) -> None:
    row = read(*ROWS[origin])
    assert row.question == f"<video>{QUESTION}"
    assert row.media == (Medium("video", str(ROOT / VIDEO)),)
    assert (row.answer, row.answers, row.context, row.task, row.notes) == ("A", (), (), "qa", ())


def test_emo_cfg_asks_the_same_and_knows_the_task() -> None:
    row = read(
        "emo_cfg", {"messages": [{"role": "user", "content": f"<video>.{QUESTION}"}, REPLY], "videos": [VIDEO]}, EMOTION_FILE
    )
    assert row.question == f"<video>.{QUESTION}"
    assert row.media == (Medium("video", str(ROOT / VIDEO)),)
    assert (row.task, row.source, row.answer, row.options) == ("emotion_single", "DFEW", "happy", ("A. happy", "B. sad"))


@pytest.mark.parametrize("origin", ["ms-swift", "Qwen", "TRL", "LLaVA-Video"])
def test_the_reply_is_imitated(origin: str) -> None:
    assert read(*ROWS[origin]).reference == "A"


def test_every_format_has_a_row_here() -> None:
    assert {name for name, _ in ROWS.values()} | {"emo_cfg"} == set(SHIPPED)


@pytest.mark.parametrize("origin", ROWS)
def test_the_format_is_found_by_its_columns_alone_too(origin: str) -> None:
    name, row = ROWS[origin]
    assert open_format(AUTO, FILE, list(row)).name == name


def test_columns_that_nothing_reads_are_kept() -> None:
    assert read(*ROWS["verl"]).columns == {
        key: ROWS["verl"][1][key] for key in ("data_source", "ability", "reward_model", "extra_info")
    }
    assert read(*ROWS["LLaVA-Video"]).columns == {"id": "1", "data_source": "0_30_s_youtube_v0_1"}
    assert read(*ROWS["ms-swift"]).columns == {"rejected_response": "B"}
    assert set(read(*ROWS["Video-R1"]).columns) == {"problem_id", "data_type", "problem_type", "data_source"}
