"""A row of its columns. Odd and broken rows are in the zoo (`row_zoo.py`)."""

from __future__ import annotations

from pathlib import Path

from rollout.media.medium import Medium
from rollout.rows.build import build_row
from rollout.rows.remarks import REWRITTEN
from rollout.rows.row import NOTES, Row, Turn

ROOT = Path("/data")
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "<video>What?"},
    {"role": "assistant", "content": "a smile"},
    {"role": "user", "content": "Which?"},
    {"role": "assistant", "content": "<answer>happy</answer>"},
]


def test_every_column_has_its_place() -> None:
    columns = {
        "messages": TURNS,
        "videos": ["1.mp4"],
        "task": "emotion_single",
        "source": "MAFW",
        "options": ["happy", "sad"],
        "id": 3,
    }
    assert build_row(columns, 7, "w", ROOT) == Row(
        index=7,
        question="Which?",
        media=(Medium("video", "/data/1.mp4"),),
        task="emotion_single",
        source="MAFW",
        answer="happy",
        reference="<answer>happy</answer>",
        context=(Turn("system", "Be brief."), Turn("user", "<video>What?"), Turn("assistant", "a smile")),
        options=("happy", "sad"),
        columns={"id": 3},
    )


def test_a_missing_task_is_qa_or_that_of_the_data_set() -> None:
    columns = {"messages": TURNS[:3], "video": "1.mp4"}
    assert build_row(columns, 0, "w", ROOT).task == "qa"
    assert build_row({**columns, "task": None}, 0, "w", ROOT, task="rationale").task == "rationale"
    assert build_row({**columns, "task": "qa"}, 0, "w", ROOT, task="rationale").task == "qa"


def test_notes_of_the_format_come_before_those_of_the_row() -> None:
    columns = {"messages": [{"role": "user", "content": "<|im_end|>"}], NOTES: ("have no task",)}
    row = build_row(columns, 0, "w", ROOT)
    assert row.notes == ("have no task", REWRITTEN)
    assert row.columns == {}
