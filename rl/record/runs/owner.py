"""A run has one owner: the process that trains it. A second one is refused by name; the run of one that is gone is taken over.

What that relies on, on shared file systems too, is in docs/running-on-a-cluster.md, section "Going on".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rl.record.console import say, warn
from rl.record.files import guarded
from rl.record.interrupts import stop_main
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.process import lives, this_process
from rl.record.runs.terms import Found, Term, TermFile, begin_term, drop_before, newest, newest_number

INTERVAL = 10.0
"""Seconds between two heartbeats."""
_RESTS = 9
"""An owner of which nothing else is known is taken for dead when its heartbeat has not moved over so many intervals."""
_LOOKS = 5
"""How often the heartbeat of another is looked at within its interval."""


class RunOwned(RunError):
    """Another process trains this run."""


class RunLost(RunError):
    """This process does not own the run any longer, and so must not write to its folder."""


@contextmanager
def owned(directory: RunDirectory, interval: float = INTERVAL) -> Iterator[None]:
    """Own a run while the block runs: no other process does, and nothing is written to the folder once that is no longer so.

    A heartbeat says to processes on other nodes that this one lives. Where it cannot be written for a while, that is told and
    tried again.

    Args:
        directory: of a run that is there.
        interval: seconds between two heartbeats.

    Raises:
        RunOwned: if another process trains the run.
        RunLost: out of whatever the block does, if this process did not answer for so long that another one took the run over.
    """
    ownership = _Ownership(directory.path, _take(directory, interval))
    with guarded(directory.path, ownership.check):
        ownership.start()
        try:
            yield
        except BaseException as error:
            if ownership.lost is not None and error is not ownership.lost:
                raise ownership.lost from error
            raise
        finally:
            ownership.release()


def refuse_if_owned(directory: RunDirectory) -> None:
    """Raises `RunOwned` if a process trains this run. Where only the heartbeat can tell, it is watched first, which is said."""
    _wait_until_free(directory)


class _Ownership:
    """This process's hold on a run, and the thread of its heartbeat."""

    def __init__(self, run: Path, file: TermFile) -> None:
        self.run, self.file = run, file
        self.lost: RunLost | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="affectree-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._thread.start()

    def check(self) -> None:
        """Raises `RunLost` if this process does not own the run any longer."""
        if self.lost is None and not (newest_number(self.file.path.parent) == self.file.number and self.file.is_in_place()):
            self.lost = RunLost(self._who())
        if self.lost is not None:
            raise self.lost

    def release(self) -> None:
        """Leave the run to others."""
        self._ended.set()
        self._thread.join()
        try:
            if self.lost is None:
                self.file.end()
        except OSError as error:
            warn(f"{self.file.path}: could not be told that this process has left the run ({error.strerror})")
        finally:
            self.file.close()

    def _beat(self) -> None:
        troubled = False
        try:
            while not self._ended.wait(self.file.term.interval) and self.lost is None:  # else the run is ending by that already
                try:
                    self.check()
                    self.file.beat()
                except OSError as error:
                    if not troubled:
                        warn(f"{self.file.path}: no sign of life can be written ({error.strerror}); it is tried again")
                    troubled = True
                else:
                    if troubled:
                        say(f"{self.file.path}: signs of life are written again")
                    troubled = False
        except BaseException as error:  # noqa: BLE001 - without a heartbeat the run must not go on
            stop_main(error)

    def _who(self) -> str:
        """What to say of whoever owns the run now."""
        folder = self.file.path.parent
        found = newest(folder, self.run)
        if found is None or found.number <= self.file.number:
            return f"{self.run}: was moved or removed, or {folder.name}/ in it was; this process ends"
        by = f"by {found.term.process} " if found.term else ""
        return f"{self.run}: was taken over {by}while this process gave no sign of life; it ends, and writes nothing more there"


def _take(directory: RunDirectory, interval: float) -> TermFile:
    """Become the owner, once there is none. Raises `RunOwned` if there is one."""
    folder, run = directory.owners, directory.path
    while True:
        number = _wait_until_free(directory) + 1
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file = begin_term(folder, number, process=this_process(), path=str(run), since=since, interval=interval)
        if file is not None and newest_number(folder) == number:
            drop_before(folder, number)
            return file
        if file is not None:  # the folder as it was listed was out of date; whoever came after the one in it owns the run
            file.path.unlink(missing_ok=True)
            file.close()


def _wait_until_free(directory: RunDirectory) -> int:
    """The number of the newest owner, once it is known to be gone; 0 if the run never had one. Raises `RunOwned` if it lives."""
    seen, rests = None, 0
    while True:
        found = newest(directory.owners, directory.path)
        if found is None:
            return 0
        alive = _lives(found)
        if alive is False:
            return found.number
        if alive or (seen and seen.number == found.number and seen.text != found.text):
            raise RunOwned(_refusal(directory.path, found.term))
        if seen is None or seen.number != found.number:
            seen, rests = found, 0
            _say_wait(directory.path, found.term)
        rests += 1
        if rests > _RESTS * _LOOKS:
            return found.number
        time.sleep((found.term.interval if found.term else INTERVAL) / _LOOKS)


def _lives(found: Found) -> bool | None:
    """Whether an owner is still there; None if only its heartbeat can tell. Looks are counted, and no clocks compared."""
    if found.term is None:
        return None
    if found.term.ended:
        return False
    return None if found.copied else lives(found.term.process, this_process())


def _say_wait(run: Path, term: Term | None) -> None:
    seconds = _RESTS * (term.interval if term else INTERVAL)
    who = f"{term.process}, which owned it last," if term else "who owned it last"
    say(f"{run}: waiting up to {seconds:.0f} s for a sign of life of {who} before this process takes it over")


def _refusal(run: Path, term: Term | None) -> str:
    if term is None:
        return f"{run}: another process is about to train this run; wait until it has ended"
    process = term.process
    end = process.jobs[0].end_command if process.jobs else f"kill {process.pid} on {process.host}"
    return f"{run}: is being trained by {process} since {term.since}; wait until it has ended, or end it ({end}), and call again"
