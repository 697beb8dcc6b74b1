"""Files that rows name: whether they are there, and whether they are what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from rollout.media.medium import Medium
from rollout.rows.media_files import forget_files, missing_file, unreadable
from rollout.rows.row import Row


def row(*media: Medium) -> Row:
    return Row(0, "?", media, "qa")


def test_files_that_are_there_are_passed(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    image = Medium("image", str(tmp_path / "a.png"))
    assert missing_file(row(image, image)) is None
    assert missing_file(row()) is None
    assert missing_file(row(Medium("image", "in the row", content=b"..."))) is None
    assert unreadable([image, image]) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.png", "absent.png does not exist; relative paths start at `data.media_root`, or else at the file's own folder"),
        ("~/a.png", "does not exist; write the home folder's path instead of ~, relative paths"),
        ("folder", "folder is a folder; name a file"),
        ("a" * 300, "cannot be read (file name too long)"),
    ],
)
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    found = missing_file(row(Medium("image", str(tmp_path / name))))
    assert found is not None
    assert found.file == str(tmp_path / name)
    assert said in found.problem


def test_each_frame_of_a_list_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "1.png").touch()
    video = Medium("video", "video 1", frames=(str(tmp_path / "1.png"), str(tmp_path / "2.png")))
    found = missing_file(row(video))
    assert found is not None
    assert found.file.endswith("2.png")
    (tmp_path / "2.png").touch()
    assert missing_file(row(video)) is not None  # as it was remembered
    forget_files()
    assert missing_file(row(video)) is None


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image")
    image = Medium("image", str(tmp_path / "text.png"))
    assert list(unreadable([image])) == [image]
    assert "text.png: is not a readable image" in unreadable([image])[image]
