"""Which rows belong to which column."""

from __future__ import annotations

from rl.evaluation.groups import OTHERS, groups_for
from tests.unit.rl.evaluation.scored_rows import row

OPEN = [
    "Gender", "Body_actions", "Skin", "Facial_features", "Nose", "Eyes", "Age", "Hair", "Facial_actions", "Accessories",
    "Eyebrows", "Head_actions", "Chin", "Mouth", "Face_shape",
]  # fmt: skip


def columns(rows: list[tuple[str, str]]) -> dict[str, list[str]]:
    found = groups_for([row(task, 1.0, source) for task, source in rows])
    return {group.name: [column.name for column in group.columns] for group in found}


def test_the_attributes_of_the_papers_script_make_its_twelve_columns() -> None:
    found = columns([("attribute_open", f"QA_{name}") for name in OPEN])
    assert found == {
        "Open attributes": [
            "Eye", "Mouth", "Nose", "Hair", "Chin", "Shape", "Feature", "Access", "Age", "Gender", "Skin", "Action",
        ],
    }  # fmt: skip
    (group,) = groups_for([row("attribute_open", 1.0, f"QA_{name}") for name in OPEN])
    by_column = {
        column.name: [name for name in OPEN if column.has(row("attribute_open", 1.0, f"QA_{name}"))] for column in group.columns
    }
    assert by_column["Eye"] == ["Eyes", "Eyebrows"]
    assert by_column["Action"] == ["Body_actions", "Facial_actions", "Head_actions"]
    assert sorted(name for of in by_column.values() for name in of) == sorted(OPEN)  # each in one column


def test_only_what_there_are_rows_for_is_shown_and_no_task_is_lost() -> None:
    found = columns([("emotion_single", "DFEW"), ("action_units", ""), ("my_task", "x"), ("attribute_open", "faces/QA_lighting")])
    assert found == {"Expressions": ["ER single", "AU"], OTHERS: ["attribute_open", "my_task"]}


def test_the_rest_of_a_task_is_only_what_no_column_has() -> None:
    found = groups_for([row("attribute_open", 1.0, "QA_Hair"), row("attribute_open", 1.0, "QA_[light]")])
    (rest,) = found[-1].columns
    assert (found[-1].name, rest.name) == (OTHERS, "attribute_open")
    assert rest.has(row("attribute_open", 1.0, "QA_[light]"))
    assert not rest.has(row("attribute_open", 1.0, "QA_Hair"))
