"""Files that rows name: a wrong one is blamed on the first row that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from rollout.media import Medium
from rollout.row_media import NamedFiles
from rollout.rows import RowError


def images(folder: Path, *names: str) -> list[Medium]:
    return [Medium("image", str(folder / name)) for name in names]


def test_files_that_are_there_and_open_are_passed(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    files = NamedFiles(Path("rows.jsonl"))
    files.look(0, images(tmp_path, "a.png", "a.png"))
    files.look(1, [])
    files.open_first()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.png", "absent.png does not exist; relative paths start at `data.media_root`, or else at the file's own folder"),
        ("~/a.png", "does not exist; write the home folder's path instead of ~, relative paths"),
        ("folder", "folder is a folder; name a file"),
        ("a" * 300, "cannot be read (file name too long)"),
    ],
)
def test_a_file_that_is_not_there_is_told_with_row_and_key(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(RowError) as error:
        NamedFiles(Path("rows.jsonl")).look(2, images(tmp_path, name))
    assert str(error.value).startswith("rows.jsonl, row 3, key `images`: ")
    assert said in str(error.value)


def test_a_file_of_another_kind_is_told_with_the_first_row_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image")
    files = NamedFiles(Path("rows.jsonl"))
    files.look(4, images(tmp_path, "text.png"))
    files.look(5, images(tmp_path, "text.png"))
    with pytest.raises(RowError, match=r"rows\.jsonl, row 5, key `images`: .*text\.png: is not a readable image"):
        files.open_first()
