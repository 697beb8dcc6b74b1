"""What folders are fit for, in made-up ones."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from actors.folders import RAY_SOCKET, SOCKET_BYTES, holds_sockets, is_plain, private_folder, short_link, writable

NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""


def test_folders_are_tried_rather_than_asked(tmp_path: Path) -> None:
    assert writable(tmp_path)
    assert writable(tmp_path / "to" / "be" / "made")
    assert not writable(Path(NOWHERE))
    assert list(tmp_path.iterdir()) == []


def test_sockets_fit_up_to_their_last_byte(tmp_path: Path) -> None:
    longest = "/" + "x" * (SOCKET_BYTES - len(RAY_SOCKET) - 1)
    assert holds_sockets(longest)
    assert not holds_sockets(longest + "x")
    assert not holds_sockets("/tmp/ü")
    with socket.socket(socket.AF_UNIX) as one:  # the limit is the system's
        one.bind(str(tmp_path / "s") if len(str(tmp_path)) < 100 else "\0x")
    with socket.socket(socket.AF_UNIX) as one, pytest.raises(OSError, match="too long"):
        one.bind("/" + "x" * SOCKET_BYTES)


def test_plain_paths_need_no_quotes() -> None:
    assert is_plain("/home/a-b/c_d.e/f+1@2%3=4,5~6#7")
    for path in ("a b", "a'b", 'a"b', "a$b", "a;b", "a(b", "ä", "a\nb"):
        assert not is_plain(path), path


def test_links_are_short_private_and_the_same_again(tmp_path: Path) -> None:
    link = short_link(tmp_path / "a b")
    assert link is not None
    assert link == short_link(tmp_path / "a b")
    assert link != short_link(tmp_path / "c d")
    assert len(str(link)) <= 40
    assert link.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_has_put_there_is_not_used(tmp_path: Path) -> None:
    mine = private_folder(tmp_path)
    assert mine is not None
    mine.rmdir()
    (tmp_path / "theirs").mkdir()
    mine.symlink_to(tmp_path / "theirs")
    assert private_folder(tmp_path) is None
    assert private_folder(Path(NOWHERE)) is None
