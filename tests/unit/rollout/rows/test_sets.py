"""Several data sets become the splits of a run; a set without val rows has some of its clips held out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rollout.rows.data import open_rows
from rollout.rows.data_set import DataSet
from rollout.rows.holdout import hold_out
from rollout.rows.progress import Telling
from rollout.rows.reading import Reading
from rollout.rows.row import RowError
from rollout.rows.sets import open_sets
from tests.unit.rollout.row_writing import ASK, write


def about(*images: str, **columns: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "<image>" * len(images) + "?"}], "images": list(images), **columns}


def text(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"question {number}"}], "id": number}


def clips(folder: Path, count: int) -> list[str]:
    for number in range(count):
        Image.new("RGB", (40, 40)).save(folder / f"{number}.png")
    return [f"{number}.png" for number in range(count)]


def test_no_clip_is_in_both_parts_and_the_same_are_held_out_wherever_the_rows_lie(tmp_path: Path) -> None:
    held = []
    for place in ("here", "there"):
        folder = tmp_path / place
        folder.mkdir()
        images = clips(folder, 40)
        rows = [about(image) for image in images * 3] + [about(*pair) for pair in pairwise(images)]
        found = hold_out(open_rows(write(folder / "rows.jsonl", *rows)), 0.2)
        of_train, of_val = ({medium.path for row in part for medium in row.media} for part in (found.train, found.val))
        assert not of_train & of_val
        assert len(of_val) == found.clips
        assert 2 <= found.clips <= 16
        assert len(found.train) + len(found.val) + found.in_neither == len(rows)
        held.append(sorted(Path(path).name for path in of_val))
    assert held[0] == held[1]


def test_at_least_one_clip_is_held_out_and_one_left(tmp_path: Path) -> None:
    clips(tmp_path, 2)
    rows = open_rows(write(tmp_path / "rows.jsonl", about("0.png"), about("1.png")))
    found = hold_out(rows, 1e-9)
    assert (len(found.train), len(found.val), found.clips) == (1, 1, 1)
    with pytest.raises(RowError, match="all rows are about one clip, which cannot be held out as val; name val rows"):
        hold_out(found.train, 0.5)


def test_rows_without_media_are_held_out_by_their_text(tmp_path: Path) -> None:
    found = hold_out(open_rows(write(tmp_path / "rows.jsonl", *(text(number % 50) for number in range(100)))), 0.2)
    assert not {row.question for row in found.train} & {row.question for row in found.val}
    assert len(found.val) == 2 * found.clips > 0


def test_sets_are_put_together_split_by_split(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        write(folder / "train.jsonl", *(text(number) for number in range(30)))
    write(own / "test.jsonl", {**ASK, "id": "t"})
    write(own / "val.jsonl", {**ASK, "id": "v"})
    told: list[str] = []
    sets = [DataSet("own", own), DataSet("other", other, reading=Reading(task="text"))]
    found = open_sets(sets, 0.1, Telling(line=told.append))
    assert found.train.task_counts()["qa"] == 30
    assert found.train[30].task == "text"
    assert found.val[0].columns["id"] == "v"
    assert found.val.path == "data.sets, val"
    held = found.val.task_counts()["text"]
    assert len(found.train) == 60 - held
    assert found.train[len(found.train) - 1].index == len(found.train) - 1
    assert [row.columns["id"] for row in found.test] == ["t"]
    assert len(found.files) == 62
    assert told[0] == "rows of own are read as canonical (data.format: auto)"
    assert told[2].startswith("other: no val rows, so ")
    assert f"{held} rows are held out as val (data.holdout = 0.1); {30 - held} rows are left to train on" in told[2]


def test_a_folder_laid_out_as_emo_cfg_is_read_as_such(tmp_path: Path) -> None:
    clips(tmp_path, 3)
    row = {
        "messages": [{"role": "user", "content": "<image>.What chin? A.pointed B.round"}, {"role": "assistant", "content": "B"}]
    }
    for split in ("train", "test"):
        folder = tmp_path / "jsons" / split / "qa" / "sampled"
        folder.mkdir(parents=True)
        write(folder / "CelebV.json", *({**row, "images": [f"{n}.png"], "source": "CelebV_QA_Chin"} for n in range(3)))
    told: list[str] = []
    found = open_sets([DataSet(directory=tmp_path)], 0.3, Telling(line=told.append))
    assert f"rows of {tmp_path} are read as emo_cfg" in told[0]
    assert len(found.train) + len(found.val) == len(found.test) == 3
    assert found.test[0].media[0].path == f"{tmp_path}/0.png"
    assert found.test[0].task != "qa"


@pytest.mark.parametrize(
    ("there", "holdout", "said"),
    [
        (["val", "test"], 0.1, r"holds no train\.jsonl, train\.json or train\.parquet; check data\.directory or set data\.train"),
        (["train", "val"], 0.1, r"holds no test\.jsonl"),
        (["train", "test"], 0.0, r"holds no val\.jsonl"),
    ],
)
def test_a_split_that_is_not_there_is_told(tmp_path: Path, there: list[str], holdout: float, said: str) -> None:
    for split in there:
        write(tmp_path / f"{split}.jsonl", ASK)
    with pytest.raises(RowError, match=said):
        open_sets([DataSet(directory=tmp_path)], holdout)


def test_a_split_without_a_single_usable_row_is_refused(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        write(tmp_path / f"{split}.jsonl", "null" if split == "val" else ASK)
    with pytest.raises(RowError, match=r"val\.jsonl, row 1: must be a JSON object"):
        open_sets([DataSet(directory=tmp_path)], 0.1)
