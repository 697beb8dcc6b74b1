"""Files and folders are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rl.record.files import sync_to_disk, write_atomically, write_folder


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


def test_every_file_of_a_folder_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a", "below/b"):
        (tmp_path / name).touch()
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))
    sync_to_disk(tmp_path)
    assert sorted(synced) == [tmp_path / "a", tmp_path / "below/b"]
