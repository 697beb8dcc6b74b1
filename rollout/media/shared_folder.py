"""A folder that processes of one node share, in memory where there is room. It is gone when the last of them is, however they
end."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PREFIX = "affectree-clips-"

_REMOVER = """
import fcntl, os, shutil, sys
if os.fork():
    os._exit(0)  # so that nobody is the parent of what goes on, and ends it with his other children
os.setsid()
held = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(held, fcntl.LOCK_EX)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class SharedFolder:
    """A folder that others of this user may have joined before. This process holds a lock on it, which the system takes back
    when the process is gone; a small process of its own waits for all such locks, and then removes the folder."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: the folder, which is made if nobody has.

        Raises:
            OSError: if it cannot be had.
        """
        self.path = path
        made = False
        while True:
            with suppress(FileExistsError):
                path.mkdir(mode=0o700)
                made = True
            with suppress(FileNotFoundError):
                self._held = _opened(path)
                fcntl.flock(self._held, fcntl.LOCK_SH)
                if _is_still(path, self._held):
                    break
                os.close(self._held)
        if made:
            _remove_abandoned(path.parent)
            _remove_when_abandoned(path)

    def leave(self) -> None:
        """Hold it no longer."""
        os.close(self._held)


def join(name: str, room: int, places: Sequence[Path] | None = None) -> SharedFolder | None:
    """The folder of this name; None if there is no place for it.

    Args:
        name: all who give the same one share a folder.
        room: bytes that it is to hold.
        places: where it may be, by default /dev/shm and the temporary folder; the first that has twice as much room is taken.
    """
    folders = [place / f"{_PREFIX}{os.getuid()}-{name}" for place in places or (Path("/dev/shm"), Path(tempfile.gettempdir()))]
    joined = [folder for folder in folders if folder.is_dir()]
    for folder in joined or [folder for folder in folders if _free(folder.parent) >= 2 * room]:
        with suppress(OSError):
            return SharedFolder(folder)
    return None


def _opened(folder: Path) -> int:
    """A descriptor of a folder of this user; raises `PermissionError` if it is somebody else's."""
    found = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    if os.fstat(found).st_uid != os.getuid():
        os.close(found)
        raise PermissionError(f"{folder} is somebody else's")
    return found


def _is_still(folder: Path, opened: int) -> bool:
    """Whether a folder that was opened has not been removed, nor another made in its place."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(opened))
    except FileNotFoundError:
        return False


def _free(place: Path) -> int:
    try:
        found = os.statvfs(place)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _remove_when_abandoned(folder: Path) -> None:
    """Start what removes it; where that cannot start, the next who makes a folder does."""
    command = [sys.executable, "-I", "-S", "-c", _REMOVER, str(folder)]
    nothing = subprocess.DEVNULL
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # it needs no libraries
    subprocess.run(
        command, stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", env=environment, start_new_session=True, check=False
    )


def _remove_abandoned(place: Path) -> None:
    """Remove folders of this user that nobody holds, whose remover was ended before it could."""
    for folder in place.glob(f"{_PREFIX}{os.getuid()}-*"):
        with suppress(OSError):
            held = _opened(folder)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)
