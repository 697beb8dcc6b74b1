"""Files and folders that are whole or not there, whatever interrupts their writing and whoever else writes them.

Modes of files follow the umask. Whoever has to be asked before anything is written below a folder is its guard.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
"""How the names of what is not whole yet end; they begin with a dot."""

_guards: dict[Path, Callable[[], None]] = {}


def write_atomically(path: Path, text: str) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, never half of one."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_folder(final: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a folder aside, sync it, then give it its name."""
    with written_aside(final) as aside:
        write(aside)


@contextmanager
def written_aside(final: Path) -> Iterator[Path]:
    """A path beside `final`, for this process alone, for a file or folder that the block makes there.

    It is synced and takes the final name when the block ends, and goes away if the block fails.
    """
    check_guard(final)
    aside = _beside(final)
    try:
        yield aside
        sync_to_disk(aside)
        check_guard(final)
        _take_name(aside, final)
    except BaseException:
        _remove(aside)
        raise


def remove_folder(folder: Path) -> None:
    """Take a folder away: it is whole until it is gone."""
    check_guard(folder)
    aside = _beside(folder)
    folder.rename(aside)
    _remove(aside)


def remove_partial(folder: Path) -> None:
    """Remove what a killed process has left half written below a folder."""
    check_guard(folder / PARTIAL)
    for aside in list(folder.rglob(f".*{PARTIAL}")):
        _remove(aside)


def sync_to_disk(path: Path) -> None:
    """fsync a file; or a folder, and every file and folder below it."""
    below = [place for place in path.rglob("*") if not place.is_symlink()] if path.is_dir() else []
    for place in (*below, path):
        _fsync(place)


@contextmanager
def guarded(folder: Path, check: Callable[[], None]) -> Iterator[None]:
    """While the block runs, `check` is called before anything below a folder is written; what it raises prevents that."""
    _guards[folder] = check
    try:
        yield
    finally:
        del _guards[folder]


def check_guard(path: Path) -> None:
    """Ask the guard, if a folder above a path has one, whether the path may be written; raises what that raises."""
    for folder in path.parents:
        if folder in _guards:
            _guards[folder]()


def _beside(final: Path) -> Path:
    """A name that no other process uses, so that two that write the same thing do not write into each other's."""
    return final.with_name(f".{final.name}.{secrets.token_hex(4)}{PARTIAL}")


def _take_name(aside: Path, final: Path) -> None:
    """Rename; a folder that has the name goes away as a whole."""
    if not aside.is_dir():
        aside.replace(final)
        return
    before = _beside(final)
    if final.is_dir():
        final.rename(before)
    aside.rename(final)
    _fsync(final.parent)
    _remove(before)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP)):  # not every file system syncs folders
            raise
    finally:
        os.close(handle)
