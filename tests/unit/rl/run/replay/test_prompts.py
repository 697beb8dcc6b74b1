"""Prompts of recorded groups are those that the run had, or what differs is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewards.sample import Reward
from rl.record.rollouts import RecordedStep, read_rollouts, write_rollouts
from rl.run.replay.prompts import OtherRows, prompts_of
from rollout.prompts import TEXT, EncodedPrompt
from rollout.rows.data import RowData, open_rows
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, TokenCredit, TrainingGroup
from tests.unit.stations import group, scored


def encode(rows: Sequence[Row]) -> list[EncodedPrompt]:
    """The bytes of a question as its tokens."""
    ids = [np.frombuffer(row.question.encode(), dtype=np.uint8).astype(np.int64) for row in rows]
    return [
        EncodedPrompt(one, one, np.tile(one, (3, 1)), row.media, np.full(len(one), TEXT))
        for one, row in zip(ids, rows, strict=True)
    ]


@pytest.fixture
def data(faces: Path, tmp_path: Path) -> Path:
    """A copy of the drawn rows, to be changed."""
    shutil.copytree(faces, tmp_path / "faces")
    return tmp_path / "faces" / "train.jsonl"


def recorded(rows: RowData, chosen: Sequence[int], folder: Path) -> RecordedStep:
    """A step of these rows, the first of them with smaller media, as a run records it."""
    asked = [rows[index] for index in chosen]
    asked[0] = replace(asked[0], media=tuple(medium.at_most(4, 3136) for medium in asked[0].media))
    prompts = [Prompt(f"step3-{place}", row, one) for place, (row, one) in enumerate(zip(asked, encode(asked), strict=True))]
    groups = [
        TrainingGroup(
            **vars(scored(Group(prompt, group(["a", "b"]).samples), [Reward(1.0), Reward(0.0)])),
            advantages=(1.0, -1.0),
            credit=(TokenCredit(),) * 2,
        )
        for prompt in prompts
    ]
    write_rollouts(folder / "step_3.parquet", 3, 1, groups, rows.places[[row.index for row in asked]])
    return read_rollouts(folder / "step_3.parquet")


def change(file: Path, number: int, edit: Callable[[dict[str, object]], None]) -> None:
    """Edit a row of a file of JSON lines; rows count from 0."""
    lines = file.read_text().splitlines()
    row = json.loads(lines[number])
    edit(row)
    file.write_text("\n".join([*lines[:number], json.dumps(row), *lines[number + 1 :]]) + "\n")


def test_rows_are_found_by_their_places_whatever_is_left_out_of_the_split(data: Path, tmp_path: Path) -> None:
    rows = open_rows(data)
    step = recorded(rows.without([0, 3]), [7, 2, 7], tmp_path)
    found = prompts_of(step, open_rows(data).without([1]), encode)
    assert [one.key for one in found] == ["step3-0", "step3-1", "step3-2"]
    assert [rows.without([0, 3])[index].question for index in (7, 2, 7)] == [one.row.question for one in found]
    assert {(medium.max_frames, medium.max_pixels) for medium in found[0].media} == {(4, 3136)}
    assert {medium.max_frames for one in found[1:] for medium in one.media} == {None}


def test_rows_that_lie_elsewhere_are_the_same(data: Path, tmp_path: Path) -> None:
    step = recorded(open_rows(data), [5, 6], tmp_path)
    moved = data.parent.rename(tmp_path / "moved")
    assert len(prompts_of(step, open_rows(moved / "train.jsonl"), encode)) == 2


def test_another_row_is_refused(data: Path, tmp_path: Path) -> None:
    step = recorded(open_rows(data), [5, 6], tmp_path)
    clips = data.parent / "videos"
    shutil.copy(next(clips.glob("*.mp4")), clips / "other.mp4")
    change(data, 6, lambda row: row.update(videos=["videos/other.mp4"]))
    with pytest.raises(OtherRows, match=r"step 3: .*train.jsonl, row 7 asks something else, or about other media, than when"):
        prompts_of(step, open_rows(data), encode)
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:3]))
    with pytest.raises(OtherRows, match="step 3 was made of row 7, and there are 3; name the data that the run had"):
        prompts_of(step, open_rows(data), encode)


def test_another_prompt_of_the_same_row_is_refused(data: Path, tmp_path: Path) -> None:
    rows = open_rows(data)
    step = recorded(rows, [5, 6], tmp_path)

    def longer(given: Sequence[Row]) -> list[EncodedPrompt]:
        return [replace(one, ids=np.append(one.ids, 0)) for one in encode(given)]

    with pytest.raises(OtherRows, match=r"train.jsonl, row 6 \(and 1 more\) makes another prompt than it did: its media"):
        prompts_of(step, rows, longer)


def test_gold_that_was_mended_is_used_and_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step = recorded(open_rows(data), [5, 6], tmp_path)
    assert len(prompts_of(step, open_rows(data), encode)) == 2
    assert "gold" not in capsys.readouterr().out
    change(data, 5, lambda row: row.update(answer="mended"))
    found = prompts_of(step, open_rows(data), encode)
    assert found[0].row.answer == "mended"
    assert "step 3: " in (said := capsys.readouterr().out)
    assert "row 6 has other gold than when the run learned from it, which is used as it is now" in said
