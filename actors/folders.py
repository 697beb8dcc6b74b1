"""What a folder is fit for: to be written to, to hold sockets, to stand in a command line."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

SOCKET_BYTES = 107
"""The longest path of a Unix socket."""
RAY_SOCKET = "/ray/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
"""The longest path that Ray adds to the temporary folder. vLLM's and Python's own sockets need less."""

_PLAIN = re.compile(r"[\w./+@%=,:~#-]+", re.ASCII)


def temporary_folder() -> Path:
    """The system's temporary folder, or the one that TMPDIR names."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # none can be written to
        return Path("/tmp")


def writable(folder: Path) -> bool:
    """Whether files can be written in a folder, or where it would be made. It is tried, since permissions do not tell all."""
    try:
        with tempfile.TemporaryFile(dir=nearest(folder)) as file:
            file.write(bytes(4096))  # a full disk still takes names
    except OSError:
        return False
    return True


def nearest(folder: Path) -> Path:
    """The folder, or the nearest of those above it that exists."""
    whole = folder.absolute()
    return next(place for place in (whole, *whole.parents) if os.path.isdir(place))  # noqa: PTH112 - never raises


def is_plain(path: str | Path) -> bool:
    """Whether a path needs no quotes anywhere: ASCII without blanks, quotes, dollars and the like."""
    return bool(_PLAIN.fullmatch(str(path)))


def socket_bytes(folder: str | Path) -> int:
    """Bytes of the longest socket's path, if this is the temporary folder."""
    return len(os.fsencode(Path(folder).absolute())) + len(RAY_SOCKET)


def holds_sockets(folder: str | Path) -> bool:
    """Whether Ray can start with this as the temporary folder: its sockets' paths are short enough and ASCII."""
    return is_plain(folder) and socket_bytes(folder) <= SOCKET_BYTES


def short_link(target: Path) -> Path | None:
    """A link of at most 40 plain characters to a folder; None if there is no place for one."""
    target = target.absolute()
    name = hashlib.sha256(os.fsencode(target)).hexdigest()[:8]
    for folder in filter(None, map(private_folder, map(Path, ("/tmp", "/var/tmp", "/dev/shm")))):
        link = folder / name
        with suppress(OSError):
            link.symlink_to(target)
        if link.is_symlink() and link.readlink() == target:
            return link
    return None


def private_folder(parent: Path) -> Path | None:
    """This user's own folder in a shared one, mode 0700; None if it cannot be had or somebody else has made it."""
    folder = parent / f"affectree-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and writable(folder):
            folder.chmod(0o700)
            return folder
    return None
