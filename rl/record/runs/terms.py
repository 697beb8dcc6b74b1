"""The files that say who owns a run: `owner/000001.json` for its first owner, the next number for the one that came after.

The highest number counts. To own a run is to have made the file of the next number, which only one process can: a link to a name
that is taken fails, on a local file system and on NFS. No file is ever written but by the process that made it, and the
highest is never removed, so that nobody can take a run away from an owner that they have not looked at.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from rl.record.files import PARTIAL
from rl.record.runs.process import Job, Process

_LISTED_AGAIN_SECONDS = 0.1
_WITHOUT_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)
"""What a file system without links answers; there a file is made in a way that fails if the name is taken, and filled then."""


@dataclass(frozen=True)
class Term:
    """What an owner says of itself."""

    process: Process
    path: str
    """The run's folder, as the owner sees it."""
    inode: int
    """Of the file that this stands in; a copy of the file has another."""
    since: str
    """When the process became the owner, UTC."""
    interval: float
    """Seconds between two heartbeats."""
    token: str
    ended: bool = False
    """The owner has left the run."""
    heartbeat: int = 0
    """How often it has said that it is there."""

    def text(self) -> str:
        """As JSON. What changes is padded, so that any two texts of one term have the same length."""
        facts = asdict(self)
        ended, heartbeat = facts.pop("ended"), facts.pop("heartbeat")
        fixed = json.dumps(facts, indent=1).removesuffix("\n}")
        return f'{fixed},\n "ended": {json.dumps(ended):>5},\n "heartbeat": {heartbeat:>12}\n}}\n'

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From its text; None if that is none, such as one that is being written where there are no links."""
        try:
            facts = json.loads(text)
            process = facts.pop("process")
            jobs = tuple(Job(**job) for job in process.pop("jobs"))
            term = cls(Process(**process, jobs=jobs), **facts)
        except (ValueError, TypeError, AttributeError, KeyError):
            return None
        numbers = (term.process.pid, term.interval, term.heartbeat)
        return term if all(isinstance(number, (int, float)) and number >= 0 for number in numbers) else None


@dataclass(frozen=True)
class Found:
    """The file of the newest owner."""

    number: int
    text: str
    term: Term | None
    """None if the text is no term."""
    copied: bool
    """The file is a copy of the owner's, as in the copy of a run's folder. Both path and inode say so: some file systems number
    files anew on every node, and others are mounted at another place on each."""


class TermFile:
    """The file of a term, held open by the process that made it. What is written goes into that very file, whatever has taken
    its name in the meantime."""

    def __init__(self, path: Path, descriptor: int, term: Term) -> None:
        self.path, self.term = path, term
        self.number = int(path.stem)
        self._descriptor = descriptor

    def beat(self) -> None:
        """Say that the owner is there."""
        self.write(replace(self.term, heartbeat=self.term.heartbeat + 1))

    def end(self) -> None:
        """Say that the owner has left."""
        self.write(replace(self.term, ended=True))

    def close(self) -> None:
        """Hold it no more."""
        os.close(self._descriptor)

    def is_in_place(self) -> bool:
        """Whether the file is still there by its name; to open it has NFS ask the server."""
        try:
            return self.term.token in self.path.read_text(encoding="utf-8")
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ESTALE):
                raise
            return False

    def write(self, term: Term) -> None:
        """Write a text as long as the one before over it, in one go, so that nobody reads half of each."""
        os.pwrite(self._descriptor, term.text().encode(), 0)
        os.fsync(self._descriptor)
        self.term = term


def newest(folder: Path, run: Path) -> Found | None:
    """The newest owner's file; None if a run never had one."""
    while numbers := list(_numbers(folder)):
        path = _file(folder, max(numbers))
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                inode, text = os.fstat(file.fileno()).st_ino, file.read()
        except FileNotFoundError:  # a later owner has removed it since the folder was listed
            time.sleep(_LISTED_AGAIN_SECONDS)
            continue
        term = Term.read(text)
        return Found(max(numbers), text, term, term is not None and term.path != str(run) and term.inode != inode)
    return None


def newest_number(folder: Path) -> int:
    """The newest owner's number; 0 if there is none."""
    return max(_numbers(folder), default=0)


def begin_term(folder: Path, number: int, **facts: Any) -> TermFile | None:
    """Make the file of a term; None if another process has made it.

    Args:
        folder: of the files.
        number: the term's.
        facts: of the `Term`, but its inode and token.
    """
    folder.mkdir(exist_ok=True)
    path, aside = _file(folder, number), folder / f".{secrets.token_hex(8)}{PARTIAL}"
    made = _make(aside, path, facts)
    try:
        won = _link(aside, path)
    except OSError as error:
        made.close()
        if error.errno not in _WITHOUT_LINKS:
            raise
        with suppress(FileExistsError):
            return _make(path, path, facts)
        return None
    finally:
        aside.unlink(missing_ok=True)
    if not won:
        made.close()
        return None
    return made


def drop_before(folder: Path, number: int) -> None:
    """Remove the files of earlier owners; by that a former one that still runs learns of it, on other nodes too."""
    for earlier in _numbers(folder):
        if earlier < number:
            _file(folder, earlier).unlink(missing_ok=True)


def _make(place: Path, path: Path, facts: Mapping[str, Any]) -> TermFile:
    """A new file with a term in it. Raises FileExistsError if there is one at that place."""
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    term = Term(inode=os.fstat(descriptor).st_ino, token=secrets.token_hex(8), **facts)
    made = TermFile(path, descriptor, term)
    made.write(term)
    return made


def _link(aside: Path, path: Path) -> bool:
    """Give a file its name as well, unless that is taken. Returns whether it has it."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return aside.stat().st_nlink > 1  # NFS may answer so to a request that it has been sent twice
    except FileNotFoundError:  # an owner has tidied the run's folder
        return False
    return True


def _numbers(folder: Path) -> Iterator[int]:
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            if file.suffix == ".json" and file.stem.isdecimal():
                yield int(file.stem)


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.json"
