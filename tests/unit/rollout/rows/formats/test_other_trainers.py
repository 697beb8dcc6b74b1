"""Rows of EasyR1, verl, TRL and Video-R1, where they differ from the plainest one."""

from __future__ import annotations

from typing import Any

import pytest

from rollout.rows.formats.trl import trl
from rollout.rows.formats.verl import has_ground_truth, verl
from rollout.rows.formats.video_r1 import video_r1

USER, REPLY = {"role": "user", "content": "?"}, {"role": "assistant", "content": "a"}


def test_verls_own_source_and_answer_stay_where_the_ground_truth_is_nothing() -> None:
    row = {"prompt": [USER], "source": "s", "data_source": "d", "answer": "b", "reward_model": {"ground_truth": None}}
    assert verl(row) == {**{key: row[key] for key in row if key != "prompt"}, "messages": [USER]}
    assert verl({"prompt": [USER], "reward_model": {"ground_truth": 4}})["answer"] == 4
    assert has_ground_truth({"reward_model": {"ground_truth": None}})
    assert not has_ground_truth({"reward_model": None})


@pytest.mark.parametrize(
    ("row", "messages"),
    [
        ({"prompt": "?", "completion": "a"}, [USER, REPLY]),
        ({"prompt": "?", "completion": None}, [USER]),
        ({"prompt": [USER]}, [USER]),
        ({"prompt": [USER, REPLY, USER], "completion": [REPLY]}, [USER, REPLY, USER, REPLY]),
        ({"prompt": [USER], "completion": "a"}, [USER, REPLY]),
        ({"prompt": '[{"role": "user"}]'}, '[{"role": "user"}]'),
        ({"prompt": None}, []),
        ({"prompt": 3, "completion": "a"}, 3),
    ],
)
def test_trls_prompts_and_completions(row: dict[str, Any], messages: Any) -> None:
    assert trl({**row, "answer": "gold"}) == {"messages": messages, "answer": "gold"}


def test_video_r1s_problems() -> None:
    options = ["A. happy", "B. sad"]
    found = video_r1({"problem": "Which?", "options": options, "process": "<think>t</think>", "solution": "<answer> A </answer>"})
    assert found["messages"][0]["content"] == "Which?\nOptions:\nA. happy\nB. sad"
    assert found["messages"][1]["content"] == "<think>t</think>\n<answer> A </answer>"
    assert (found["answer"], found["options"]) == ("A", options)
    for problem_type, asked in (("free-form", "Which?"), ("mcq", "Which?\nOptions:\nA. happy\nB. sad")):
        row = {"problem": "Which?", "problem_type": problem_type, "options": options, "solution": "<answer>A</answer>"}
        assert video_r1(row)["messages"][0]["content"] == asked
    for written in ('["A. happy", "B. sad"]', {"A": "happy", "B": "sad"}):
        found = video_r1({"problem": "Which?", "options": written, "solution": "<answer>A</answer>"})
        assert found["messages"][0]["content"] == "Which?\nOptions:\nA. happy\nB. sad"
    assert video_r1({"problem": "Which?", "options": "happy or sad"})["messages"][0]["content"] == "Which?"
    assert video_r1({"problem": "How many?", "solution": 3, "video": "1.mp4"}) == {
        "messages": [{"role": "user", "content": "How many?"}],
        "answer": 3,
        "source": None,
        "video": "1.mp4",
    }


@pytest.mark.parametrize(
    ("path", "data_type", "column"),
    [("1.mp4", "video", "videos"), ("1.png", "Image", "images"), ("1.png", None, "images"), ("1.mp4", None, "videos")],
)
def test_video_r1s_files(path: str, data_type: str | None, column: str) -> None:
    found = video_r1({"problem": "?", "solution": "a", "path": path, "data_type": data_type})
    assert found[column] == [path]
    assert not {"videos", "images"} - {column} & found.keys()
