"""What is found out about files once and kept for the next time: its place, its key, and how several processes share it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

_BLOCK, _BLOCKS = 4096, 16
"""Bytes of a sampled block, and blocks of a file that are sampled."""
_DECIDING = (
    *("rollout/rows", "rollout/media", "rewards/answers", "rewards/captions", "rewards/plugins", "rewards/tree"),
    *("rewards/errors.py", "rewards/files.py", "rewards/sample.py"),
)
"""Where the code is that decides how rows are read, and what is said of those that are not."""


def cache_folder() -> Path:
    """Where all is kept: `AFFECTREE_CACHE`, else `affectree` in `XDG_CACHE_HOME` or in `~/.cache`."""
    named = os.environ.get("AFFECTREE_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "affectree")


def digest(*texts: str) -> str:
    """A short name for texts."""
    found = hashlib.blake2b(digest_size=12)
    for text in texts:
        found.update(text.encode("utf-8", errors="surrogatepass") + b"\0")
    return found.hexdigest()


def content_digest(paths: Iterable[Path]) -> str:
    """A short name for what files hold: of their sizes, times of change, and blocks that are spread over each.

    A folder stands for all files in it. A file that cannot be read has its error in place of its content.
    """
    found = hashlib.blake2b(digest_size=12)
    for file in _files(paths):
        found.update(f"{file.absolute()}\0".encode("utf-8", errors="surrogatepass"))
        try:
            for part in _sampled(file):
                found.update(part)
        except OSError as error:
            found.update(str(error).encode())
    return found.hexdigest()


def _sampled(file: Path) -> Iterator[bytes]:
    with file.open("rb", buffering=0) as opened:
        about = os.fstat(opened.fileno())
        yield f"{about.st_size} {about.st_mtime_ns}\0".encode()
        if about.st_size <= _BLOCK * _BLOCKS:
            yield opened.read()
            return
        for number in range(_BLOCKS):
            yield os.pread(opened.fileno(), _BLOCK, number * (about.st_size - _BLOCK) // (_BLOCKS - 1))


@cache
def code_digest() -> str:
    """A short name for the code and the tables that decide how rows are read, so that nothing outlives a change of them."""
    root = Path(__file__).parents[2]
    below = chain.from_iterable([root / one, *(root / one).rglob("*")] for one in _DECIDING)
    files = sorted(file for file in below if file.suffix in (".py", ".yaml"))
    return digest(*(file.read_text(encoding="utf-8") for file in files))


def kept(
    kind: str,
    what: str,
    content: str,
    make: Callable[[Path], None],
    still_true: Callable[[Path], bool] = lambda folder: True,
    wait: Callable[[], None] = lambda: None,
) -> Path:
    """A folder with what is kept, made if it is not there. Of several processes that ask at once, one makes it.

    Args:
        kind: what it is, such as `indexes`.
        what: digest of what it is about. There is one folder for each; what was kept of former contents is removed.
        content: digest of all that decides what it holds.
        make: fills an empty folder.
        still_true: whether what was kept is so still; if not, it is made again.
        wait: called if another process is making it.

    Raises:
        OSError: if nothing can be kept.
    """
    place = cache_folder() / kind / what
    found = place / content
    if found.is_dir() and still_true(found):
        return found
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        wait()
        lock.acquire()
    try:
        if not found.is_dir() or not still_true(found):
            _make(place, found, make)
    finally:
        lock.release()
    return found


def _make(place: Path, found: Path, make: Callable[[Path], None]) -> None:
    aside = place / ".new"  # there is one at a time
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        make(aside)
        shutil.rmtree(found, ignore_errors=True)
        aside.rename(found)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    for former in place.iterdir():
        if former != found and former.is_dir():
            with suppress(OSError):  # an open file on a network's file system; the next change removes it
                shutil.rmtree(former)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
