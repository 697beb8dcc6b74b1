"""Rows become questions; the first that is wrong is refused with file, row, key and what to do."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rewards.scorers import qa, root
from rewards.tools.reward_hacks import ANSWER, GOLD
from rewards.tree.writer import write as write_tree
from rollout.media.medium import Medium
from rollout.rows.data import RowData, open_rows
from rollout.rows.part import open_part
from rollout.rows.progress import SILENT
from rollout.rows.reading import Reading
from rollout.rows.row import Row, RowError
from rollout.samples import gold_sample
from tests.unit.rollout.row_writing import ASK, write

TREE = write_tree(GOLD)
RATIONALE = write_tree(GOLD, ANSWER)
ASKED = {"role": "user", "content": "Which?"}


def refused(path: Path, *words: str) -> None:
    with pytest.raises(RowError) as error:
        open_rows(path)
    for word in (path.name, *words):
        assert word in str(error.value)


def test_a_row_has_all_that_its_columns_say(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 40)).save(tmp_path / name)
    whole = {
        "messages": [{"role": "user", "content": "<image><image>?"}, {"role": "assistant", "content": "hi"}],
        "images": ["b.png", "a.png"],
        "source": "faces/ER",
        "task": "emotion_single",
        "answer": "happy",
        "tree": TREE,
        "options": ["happy", "sad"],
        "id": 7,
    }
    plain, full = open_rows(write(tmp_path / "rows.jsonl", ASK, whole))
    assert full == Row(
        index=1,
        question="<image><image>?",
        media=(Medium("image", str(tmp_path / "b.png")), Medium("image", str(tmp_path / "a.png"))),
        task="emotion_single",
        source="faces/ER",
        answer="happy",
        tree=TREE,
        reference="hi",
        options=("happy", "sad"),
        columns={"id": 7},
    )
    assert plain == Row(0, "hello", (), "qa", answer="hi", reference="hi")


def test_bad_rows_are_refused(tmp_path: Path) -> None:
    asks_for_video = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": []}
    refused(write(tmp_path / "a.jsonl", ASK, {**asks_for_video}), "row 2", "`videos`", "asks for 1", "found 0")
    absent = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["absent.mp4"]}
    refused(write(tmp_path / "b.jsonl", absent), "row 1", "absent.mp4", "does not exist")
    (tmp_path / "text.mp4").write_text("not a video")
    asks_for_image = {"messages": [{"role": "user", "content": "<image>what?"}], "videos": ["text.mp4"], "images": []}
    refused(write(tmp_path / "e.jsonl", ASK, asks_for_image), "row 2", "`images`", "asks for 1", "found 0")
    no_image = {"messages": [{"role": "user", "content": "<image>what?"}], "images": ["text.png"]}
    (tmp_path / "text.png").write_text("not an image")
    refused(write(tmp_path / "f.jsonl", ASK, no_image), "row 2", "`images`", "text.png", "not a readable image")
    unreadable = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["text.mp4"]}
    refused(write(tmp_path / "d.jsonl", unreadable), "row 1", "text.mp4", "not a readable video")


def test_bad_rows_are_told_together_whatever_is_wrong_with_each(tmp_path: Path) -> None:
    absent = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["absent.mp4"]}
    no_user = {"messages": [{"role": "assistant", "content": "hi"}]}
    with pytest.raises(RowError) as error:
        open_rows(write(tmp_path / "a.jsonl", ASK, absent, "{not json", *[no_user] * 12))
    first, *rows, more, what_to_do = str(error.value).splitlines()
    assert first == "14 of 15 rows cannot be used:"
    assert "a.jsonl, row 2, key `videos`: " in rows[0]
    assert "absent.mp4 does not exist" in rows[0]
    assert "a.jsonl, row 3: not JSON (" in rows[1]
    assert "a.jsonl, row 4, key `messages`: no user turn" in rows[2]
    assert (len(rows), more) == (10, "… and 4 more")
    assert "affectree data check" in what_to_do
    assert "--skip-bad-rows" in what_to_do


def test_rows_that_cannot_be_used_are_left_out_of_rows_that_can(tmp_path: Path) -> None:
    absent = {"messages": [{"role": "user", "content": "<video>what?"}], "videos": ["absent.mp4"], "task": "late"}
    file = write(tmp_path / "rows.jsonl", absent, ASK, "null", {**ASK, "task": "late"})
    rows = RowData([open_part("", [file], Reading(), SILENT)], str(file))
    assert [row.task for row in rows] == rows.tasks().tolist() == ["qa", "late"]
    assert [row.index for row in rows] == [0, 1]
    assert [rows.origin(index) for index in range(2)] == [(file, 2), (file, 4)]
    assert [(one.row, one.key) for one in rows.rejects()] == [(1, "videos"), (3, "")]
    assert rows.task_counts() == {"late": 1, "qa": 1}
    assert rows.rejected == 2


def test_relative_paths_start_at_the_media_root(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "media" / "a.png")
    row = {"messages": [{"role": "user", "content": "<image>"}], "images": "a.png"}
    file = write(tmp_path / "rows.jsonl", row)
    refused(file, "a.png does not exist; relative paths start at `data.media_root`, or else at the file's own folder")
    assert open_rows(file, tmp_path / "media")[0].media[0].path == str(tmp_path / "media" / "a.png")


def test_a_row_without_a_task_is_one_of_questions(tmp_path: Path) -> None:
    for name, rows in (("some", [{**ASK, "task": "emotion"}, ASK]), ("null", [{**ASK, "task": None}, {**ASK, "task": ""}])):
        opened = open_rows(write(tmp_path / f"{name}.jsonl", *rows))
        assert opened.tasks()[1] == opened[1].task == "qa"
        assert opened.indices_by_task()["qa"][-1] == 1


def test_an_overview_has_tasks_sources_and_the_most_media(faces: Path, media_rows: Path) -> None:
    rows = open_rows(faces / "train.jsonl")
    assert rows.tasks().tolist() == [row.task for row in rows] == [rows[index].task for index in range(len(rows))]
    assert rows.sources().tolist() == [row.source for row in rows]
    by_task = rows.indices_by_task()
    assert {task: len(indices) for task, indices in by_task.items()} == rows.task_counts() == Counter(rows.tasks())
    assert sorted(index for indices in by_task.values() for index in indices) == list(range(len(rows)))
    assert all(rows[index].task == "rationale" for index in by_task["rationale"])
    assert rows.most_media == {"video": 1, "image": 0}
    assert open_rows(media_rows).most_media == {"video": 2, "image": 2}
    assert set(open_rows(media_rows).sources()) == {""}


def test_rows_are_read_in_blocks_as_they_are_one_by_one(tmp_path: Path) -> None:
    rows = open_rows(write(tmp_path / "rows.jsonl", *({**ASK, "id": number} for number in range(5000))))
    assert len(rows) == 5000
    assert [row.columns["id"] for row in rows] == [row.index for row in rows] == list(range(5000))
    assert rows[4999].columns == rows[-1].columns == {"id": 4999}
    with pytest.raises(IndexError):
        rows[5000]


def test_a_column_may_begin_late(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "x" * 2000}], "task": "attribute_open", "tree": None}
    lines = [json.dumps(row)] * 9000 + [json.dumps({**row, "task": "rationale", "tree": TREE})]
    rows = open_rows(write(tmp_path / "late.jsonl", *lines))
    assert (rows[0].tree, rows[9000].tree, rows[9000].task) == (None, TREE, "rationale")


def test_all_rows_of_an_unreadable_medium_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "text.png").write_text("not an image")
    names = (["a.png"], ["text.png"], ["a.png"], ["a.png", "a.png", "text.png"], ["text.png", "a.png"])
    asks = [{"messages": [{"role": "user", "content": "<image>" * len(images)}], "images": images} for images in names]
    with pytest.raises(RowError) as error:
        open_rows(write(tmp_path / "rows.jsonl", *asks))
    _, *rows, _ = str(error.value).splitlines()
    assert len(rows) == 3
    for number, row in zip((2, 4, 5), rows, strict=True):
        assert f"row {number}, key `images`: {tmp_path}/text.png: is not a readable" in row


def test_a_folder_and_a_pattern_are_the_rows_of_their_files(tmp_path: Path) -> None:
    for folder, count in (("b", 2), ("a", 1)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "rows.jsonl", *({**ASK, "id": f"{folder}{number}"} for number in range(count)))
    pq.write_table(pa.Table.from_pylist([{**ASK, "id": "c0"}]), tmp_path / "c.parquet")
    for path, ids in ((tmp_path, ["a0", "b0", "b1", "c0"]), (f"{tmp_path}/?/*.jsonl", ["a0", "b0", "b1"])):
        rows = open_rows(path)
        assert [row.columns["id"] for row in rows] == ids
        assert rows[2].columns["id"] == ids[2]
        assert rows.origin(2) == (tmp_path / "b" / "rows.jsonl", 2)


def test_rows_without_some_are_numbered_anew_and_travel_to_other_processes(tmp_path: Path) -> None:
    rows = open_rows(write(tmp_path / "rows.jsonl", *({**ASK, "id": number, "task": f"t{number % 2}"} for number in range(6))))
    left = pickle.loads(pickle.dumps(rows.without([0, 3])))
    assert [(row.index, row.columns["id"]) for row in left] == [(0, 1), (1, 2), (2, 4), (3, 5)]
    assert left.task_counts() == {"t0": 2, "t1": 2}
    assert [row.columns["id"] for row in rows.only([5, 1])] == [5, 1]
    assert rows.origin(5) == left.origin(3)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"answer": "happy", "options": {"A": "happy", "B": "sad"}}, "A"),
        ({"messages": [ASKED, {"role": "assistant", "content": "<answer> happy </answer>"}]}, "<answer> happy </answer>"),
        ({"answer": ["happy", "surprise"], "task": "emotion_single"}, "surprise, happy"),
        ({"messages": [ASKED, {"role": "assistant", "content": RATIONALE}], "task": "rationale", "tree": RATIONALE}, RATIONALE),
        ({"messages": [ASKED, {"role": "assistant", "content": RATIONALE}], "task": "rationale", "tree": None}, RATIONALE),
    ],
)
def test_gold_as_data_sets_have_it_is_right_against_itself(tmp_path: Path, row: dict[str, object], said: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"messages": [ASKED], **row}))
    sample = replace(gold_sample(open_rows(file)[0]), completion=said)
    assert qa(sample) == 1.0
    assert root(sample) == (1.0 if sample.task == "rationale" else None)
