"""Decoded frames that processes of one node share, up to a budget in bytes: what one has decoded the others map."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Lock, get_ident

import numpy as np

from rollout.media.medium import Clip
from rollout.media.shared_folder import SharedFolder, join

_ALIGNMENT = 64
_COPIED = 2**18
"""Bytes up to which frames are copied, since a mapping takes longer and a process may have some ten thousands of them only."""
_KEPT = 15 / 16
"""Share of the budget that is kept where it is used up."""
_LOOKS = 8
"""A process looks at what there is again when it has written this part of the room that it saw: others write as well."""


class SharedClips:
    """Frames by name, in files of a folder that is gone with the last process that uses it. Those that were used longest ago go
    first, whoever used them. Whatever goes wrong there, frames are decoded instead."""

    def __init__(self, name: str, budget: int) -> None:
        """
        Args:
            name: processes that give the same one share frames.
            budget: bytes that all frames together may have.
        """
        self._name, self._budget = name, budget
        self._room = 0
        self._lock = Lock()

    def get(self, name: str, path: str) -> Clip | None:
        """The frames of this name, if there are any.

        Args:
            name: of the frames.
            path: what their file is called.
        """
        if self._folder is None:
            return None
        try:
            with (self._folder.path / name).open("rb") as file:
                os.utime(file.fileno())  # it is used now
                head = file.readline()
                said = json.loads(head)
                size = int(np.prod(said["shape"]))
                if size <= _COPIED:
                    frames = np.fromfile(file, np.uint8, size)
                else:  # writing to it changes this process's own pages
                    frames = np.asarray(np.memmap(file, np.uint8, "c", len(head), (size,)))
        except OSError:
            return None
        return Clip(path, frames.reshape(said["shape"]), said["fps"], tuple(said["notes"]))

    def put(self, name: str, clip: Clip) -> Clip:
        """Let others have frames. Returns the clip as they have it."""
        if self._folder is None or clip.frames.nbytes > self._budget:
            return clip
        whole = self._folder.path / name
        part = whole.with_name(f"{name}.{os.getpid()}.{get_ident()}")
        try:
            self._make_room(clip.frames.nbytes)
            with part.open("wb") as file:
                file.write(_head(clip))
                file.write(np.ascontiguousarray(clip.frames).data)
            part.rename(whole)
        except OSError:
            part.unlink(missing_ok=True)
            return clip
        return self.get(name, clip.path) or clip

    def leave(self) -> None:
        """Use it no longer."""
        if self._folder is not None:
            self._folder.leave()

    @cached_property
    def _folder(self) -> SharedFolder | None:
        return join(self._name, self._budget)

    def _make_room(self, size: int) -> None:
        """Remove frames where so many more bytes would be too many."""
        assert self._folder is not None
        with self._lock:
            self._room -= size
            if self._room >= 0:
                return
            files = sorted(_files(self._folder.path), reverse=True)  # the one that was used longest ago is the last
            held = sum(bytes_ for _, bytes_, _ in files)
            if held + size > self._budget:
                while files and held + size > _KEPT * self._budget:
                    _, bytes_, file = files.pop()
                    file.unlink(missing_ok=True)
                    held -= bytes_
            self._room = max(0, self._budget - held - size) // _LOOKS


def _files(folder: Path) -> list[tuple[int, int, Path]]:
    """(time of last use, bytes, file) of each file in a folder, without those that another process removes just now."""
    found = []
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            status = file.stat()
            found.append((status.st_mtime_ns, status.st_size, file))
    return found


def _head(clip: Clip) -> bytes:
    """A line that says what follows, as long as keeps the frames aligned."""
    said = json.dumps({"shape": clip.frames.shape, "fps": clip.fps, "notes": clip.notes}).encode()
    return said + b" " * (-(len(said) + 1) % _ALIGNMENT) + b"\n"
