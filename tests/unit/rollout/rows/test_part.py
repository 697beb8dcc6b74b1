"""Rows are looked at once: what is known of them is kept until they, their media, or how they are read changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree

import pytest
from PIL import Image

import rollout.rows.indexing
import rollout.rows.part
from rewards.plugins.spec import FunctionSpec
from rollout.rows.data import RowData
from rollout.rows.part import Part, open_part
from rollout.rows.progress import SILENT, Telling
from rollout.rows.reading import Reading
from rollout.rows.rejects import Reject
from tests.unit.rollout.row_writing import ASK, write

MEDIA = {"messages": [{"role": "user", "content": "<image>?"}], "images": ["a.png"]}
OTHER = {"messages": [{"role": "user", "content": "<image>?"}], "images": ["b.png"]}


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Has an entry for every pass over all rows; nothing is kept from other tests."""
    monkeypatch.setenv("AFFECTREE_CACHE", str(tmp_path / "cache"))
    made: list[int] = []
    make = rollout.rows.part.make_index

    def counted(folder: Path, **given: object) -> None:
        made.append(len(made))
        make(folder, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(rollout.rows.part, "make_index", counted)
    return made


def opened(*files: Path, reading: Reading | None = None, telling: Telling = SILENT) -> Part:
    return open_part("", files, reading or Reading(), telling)


def picture(file: Path) -> None:
    Image.new("RGB", (40, 40)).save(file)


def test_rows_are_read_through_once(passes: list[int], tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ASK, {**ASK, "task": "late", "source": "s"}, "null")
    first, again = opened(file), opened(file)
    assert passes == [0]
    assert again.index.about == first.index.about
    assert list(again.rejects()) == list(first.rejects())
    assert [*RowData([again], "")] == [*RowData([first], "")]


def test_rows_that_are_open_stay_so_when_what_is_known_of_them_is_made_anew(passes: list[int], tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ASK, {**ASK, "task": "late"})
    first = opened(file)
    rmtree(first.index.folder)
    assert first.index.about.files[0].rows == 2
    assert first.index.column("asked").shape == first.index.column("spoken").shape == (2,)


def test_what_is_known_of_rows_is_known_by_any_name_of_their_file(
    passes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "rows.jsonl", ASK, "null", ASK)
    assert [str(one).partition(":")[0] for one in opened(file).rejects()] == [f"{file}, row 2"]
    monkeypatch.chdir(tmp_path)
    part = opened(Path("rows.jsonl"))
    assert [str(one).partition(":")[0] for one in part.rejects()] == ["rows.jsonl, row 2"]
    RowData([part], "").keep_rejects([Reject("rows.jsonl", 3, "", "?", "")])
    assert [one.row for one in opened(file).rejects()] == [2, 3]
    assert RowData([opened(Path("rows.jsonl"))], "").origin(0) == (Path("rows.jsonl"), 1)
    assert passes == [0]


def test_they_are_read_again_when_anything_changes_that_decides_what_they_are(passes: list[int], tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ASK)
    own = tmp_path / "mine.py"
    own.write_text("def read(row): return row\n")
    mine = Reading(FunctionSpec(f"{own}:read"))
    more = write(tmp_path / "more.jsonl", ASK)
    opened(file)
    write(file, ASK, ASK)
    changes: list[Callable[[], Part]] = [
        lambda: opened(file),
        lambda: opened(file, more),
        lambda: opened(file, reading=Reading(task="other")),
        lambda: opened(file, reading=Reading(media_root=tmp_path)),
        lambda: opened(file, reading=mine),
    ]
    for number, change in enumerate(changes, start=2):
        change()
        change()
        assert len(passes) == number
    own.write_text("def read(row): return {**row, 'task': 'mine'}\n")
    assert RowData([opened(file, reading=mine)], "").task_counts() == {"mine": 2}
    assert len(passes) == len(changes) + 2


def test_media_that_come_or_go_are_seen(passes: list[int], tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    file = write(tmp_path / "rows.jsonl", MEDIA, OTHER)
    assert [one.row for one in opened(file).rejects()] == [2]
    assert opened(file).rejected == 1
    assert len(passes) == 1
    picture(tmp_path / "b.png")
    assert opened(file).rejected == 0
    (tmp_path / "a.png").unlink()
    assert [one.row for one in opened(file).rejects()] == [1]
    assert len(passes) == 3


def test_where_nothing_can_be_kept_rows_are_read_at_every_start_and_that_is_told(
    passes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AFFECTREE_CACHE", str(tmp_path / "file" / "cache"))
    told: list[str] = []
    file = write(tmp_path / "rows.jsonl", ASK)
    for _ in range(2):
        assert len(opened(file, telling=Telling(warning=told.append))) == 1
    assert len(passes) == len(told) == 2
    assert "cannot be kept (" in told[0]
    assert "set AFFECTREE_CACHE to a folder that can be written to" in told[0]


def test_several_that_start_at_once_read_rows_once_and_former_contents_are_removed(passes: list[int], tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *[ASK] * 3000)
    with ThreadPoolExecutor(4) as pool:
        assert {len(part) for part in pool.map(lambda _: opened(file), range(4))} == {3000}
    assert len(passes) == 1
    folder = opened(write(file, ASK)).index.folder
    assert [one for one in folder.parent.iterdir() if one.is_dir()] == [folder]


def test_worker_processes_find_what_one_process_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout.rows.indexing, "_PIECE", 7)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    picture(tmp_path / "a.png")
    lines = [
        ({**MEDIA, "task": f"t{number % 5}", "source": f"s{number % 3}"}, OTHER, "null")[number % 4 % 3] for number in range(60)
    ]
    own = tmp_path / "mine.py"
    own.write_text("def read(row): return {**row, 'answer': 'mine'}\n")
    reading = Reading(FunctionSpec(f"{own}:read"))
    steps: list[str] = []

    class Phase:
        def __init__(self, name: str, total: int) -> None:
            steps.append(f"{name} {total}")

        def __enter__(self) -> Phase:
            return self

        def __exit__(self, *_: object) -> None: ...

        def step(self) -> None:
            steps.append("step")

    found = []
    for name, few in (("one", 1000), ("several", 10)):
        monkeypatch.setattr(rollout.rows.indexing, "_FEW", few)
        folder = tmp_path / name
        folder.mkdir()
        picture(folder / "a.png")
        part = opened(write(folder / "rows.jsonl", *lines), reading=reading, telling=Telling(phase=Phase))
        rejects = [(one.row, one.key, one.reason.replace(str(folder), "")) for one in part.rejects()]
        columns = {column: part.index.column(column).tolist() for column in ("stratum", "lowest", "highest", "images")}
        found.append((part.index.about.strata, rejects, columns, [row.answer for row in RowData([part], "")]))
    assert found[0] == found[1]
    assert len(found[0][1]) == 30
    assert steps == ["read rows 9", *["step"] * 9] * 2


def test_what_the_check_rejects_is_left_out_until_the_media_change(passes: list[int], tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture(tmp_path / name)
    file = write(tmp_path / "rows.jsonl", MEDIA, OTHER, ASK)
    half = Reject(str(file), 2, "images", "b.png: is cut off", "replace it")
    RowData([opened(file)], "").keep_rejects([half, Reject("other.jsonl", 1, "", "?", "")])
    rows = RowData([opened(file)], "rows")
    assert [rows.origin(row.index)[1] for row in rows] == [1, 3]
    assert list(rows.rejects()) == [half]
    with pytest.raises(Exception, match=r"row 2, key `images`: b\.png: is cut off; replace it"):
        rows.refuse_rejects()
    os.utime(tmp_path / "b.png", (1, 1))
    assert len(RowData([opened(file)], "")) == 3
    assert len(passes) == 1
