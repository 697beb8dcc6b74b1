"""Files and folders are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rl.record.files import guarded, remove_folder, remove_partial, sync_to_disk, write_atomically, write_folder, written_aside


def test_a_file_is_the_old_one_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary.json"
    write_atomically(file, "old")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="disk full"):
        patched.setattr(os, "fsync", full)
        write_atomically(file, "new")
    assert file.read_text() == "old"
    write_atomically(file, "new")
    assert [(place.name, place.read_text()) for place in tmp_path.iterdir()] == [("summary.json", "new")]


def full(descriptor: int) -> None:
    raise OSError("disk full")


def test_a_folder_is_the_old_one_until_the_new_one_is_whole(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        folder.mkdir()
        (folder / "new").touch()

    def fail(folder: Path) -> None:
        write(folder)
        raise OSError("disk full")

    model = tmp_path / "model"
    model.mkdir()
    (model / "old").touch()
    with pytest.raises(OSError, match="disk full"):
        write_folder(model, fail)
    assert [file.name for file in model.iterdir()] == ["old"]
    write_folder(model, write)
    assert [file.name for file in model.iterdir()] == ["new"]
    assert [place.name for place in tmp_path.iterdir()] == ["model"]


def test_a_folder_is_synced_with_all_that_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a", "below/b"):
        (tmp_path / name).touch()
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    sync_to_disk(tmp_path)
    assert sorted(synced) == [tmp_path, tmp_path / "a", tmp_path / "below", tmp_path / "below/b"]


def test_two_that_write_the_same_do_not_write_into_each_others(tmp_path: Path) -> None:
    with written_aside(tmp_path / "file") as one, written_aside(tmp_path / "file") as other:
        one.write_text("one")
        other.write_text("other")
    assert [(place.name, place.read_text()) for place in tmp_path.iterdir()] == [("file", "one")]


def test_what_a_killed_process_left_half_written_can_be_removed(tmp_path: Path) -> None:
    (tmp_path / "below" / ".model.1a.partial").mkdir(parents=True)
    (tmp_path / ".run.json.2b.partial").touch()
    (tmp_path / ".hidden").touch()
    remove_partial(tmp_path)
    assert sorted(place.name for place in tmp_path.rglob("*")) == [".hidden", "below"]


def test_a_guard_is_asked_before_anything_below_its_folder_is_written(tmp_path: Path) -> None:
    inside, outside = tmp_path / "run", tmp_path / "other"
    for folder in (inside, outside):
        (folder / "old").mkdir(parents=True)

    def refuse() -> None:
        raise PermissionError("not yours")

    with guarded(inside, refuse):
        for write in (
            lambda folder: write_atomically(folder / "new", ""),
            lambda folder: write_folder(folder / "new", Path.mkdir),
            lambda folder: remove_folder(folder / "old"),
            remove_partial,
        ):
            with pytest.raises(PermissionError, match="not yours"):
                write(inside)
        assert [place.name for place in inside.iterdir()] == ["old"]
        write_atomically(outside / "new", "")
    write_atomically(inside / "new", "")
