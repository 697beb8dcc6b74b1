"""What is the run itself, and what a copy of it."""

from __future__ import annotations

from pathlib import Path

from rl.record.runs.directory import RunDirectory
from rl.record.runs.place import is_copy, settled
from tests.unit.rl.record.runs.owners import copied


def test_a_run_is_itself_where_it_was_begun_by_any_name_and_when_it_is_renamed(run: RunDirectory, tmp_path: Path) -> None:
    assert not is_copy(run)
    (tmp_path / "link").symlink_to(run.path)
    assert not is_copy(RunDirectory(tmp_path / "link"))
    run.path.rename(tmp_path / "renamed")
    assert not is_copy(RunDirectory(tmp_path / "renamed"))


def test_a_copy_is_one_with_the_original_there_and_without(run: RunDirectory, tmp_path: Path) -> None:
    copy = copied(run, tmp_path / "copy")
    assert is_copy(copy)
    run.path.rename(tmp_path / "renamed")
    assert is_copy(copy)


def test_a_run_that_was_restored_to_its_place_is_itself(run: RunDirectory, tmp_path: Path) -> None:
    copied(run, tmp_path / "backup")
    run.path.rename(tmp_path / "lost")
    (tmp_path / "backup").rename(run.path)
    assert not is_copy(run)
    assert is_copy(RunDirectory(tmp_path / "lost"))  # two of one inode and one path: only one of them is the run


def test_a_copy_that_has_settled_is_a_run_of_its_own_that_may_be_renamed(run: RunDirectory, tmp_path: Path) -> None:
    copy = copied(run, tmp_path / "copy")
    copy.remember(**settled(copy), mlflow_run_id="its own")
    assert not is_copy(copy)
    copy.path.rename(tmp_path / "renamed")
    assert not is_copy(RunDirectory(tmp_path / "renamed"))
    assert not is_copy(run)
