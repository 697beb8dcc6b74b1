"""A folder that processes share: there while one of them is, gone when the last is, however that ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollout.media.shared_folder import SharedFolder, join

JOINING = """
import pathlib, sys, time
from rollout.media.shared_folder import SharedFolder
folder = SharedFolder(pathlib.Path(sys.argv[1]))
(folder.path / "written").write_text("by another")
print("joined", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """As another process sees it, whatever that one's working directory is."""
    return tmp_path.resolve()


def joining(folder: Path) -> subprocess.Popen[str]:
    """A process that has joined."""
    process = subprocess.Popen([sys.executable, "-c", JOINING, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "joined\n"
    return process


def gone(folder: Path) -> bool:
    """Whether it is soon."""
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not folder.exists()


def test_it_is_gone_when_the_last_who_joined_has_left(place: Path) -> None:
    one, other = join("a", 1, [place]), join("a", 1, [place])
    assert one is not None and other is not None and one.path == other.path
    (one.path / "frames").write_text("kept")
    one.leave()
    time.sleep(0.2)
    assert (other.path / "frames").read_text() == "kept"
    other.leave()
    assert gone(other.path)


def test_it_is_gone_when_who_made_it_and_who_joined_were_killed(place: Path) -> None:
    folder = place / "killed"
    first, second = joining(folder), joining(folder)
    first.kill()
    first.wait()
    time.sleep(0.2)
    assert (folder / "written").read_text() == "by another"
    second.kill()
    second.wait()
    assert gone(folder)


def test_one_that_nobody_removed_is_removed_by_the_next_and_one_that_is_held_stays(place: Path) -> None:
    held = join("held", 1, [place])
    assert held is not None
    abandoned = held.path.with_name(held.path.name.replace("held", "abandoned"))
    abandoned.mkdir()
    (abandoned / "frames").write_text("of a machine that was switched off")
    found = join("new", 1, [place])
    assert found is not None and not abandoned.exists() and held.path.exists()
    held.leave()
    found.leave()
    assert gone(held.path) and gone(found.path)


def test_it_is_where_there_is_room_and_where_others_have_it(tmp_path: Path) -> None:
    (second := tmp_path / "second").mkdir()
    found = join("a", 1, [tmp_path / "absent", second])
    assert found is not None and found.path.parent == second
    (first := tmp_path / "absent").mkdir()
    again = join("a", 2**60, [first, second])  # less room than when it was made
    assert again is not None and again.path == found.path
    assert join("b", 2**60, [first, second]) is None
    found.leave()
    again.leave()
    assert gone(found.path)


def test_a_link_in_its_place_is_not_followed(place: Path) -> None:
    (place / "theirs").mkdir()
    (place / "link").symlink_to(place / "theirs")
    with pytest.raises(OSError):
        SharedFolder(place / "link")
