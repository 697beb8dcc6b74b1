"""Processes that own a run, for tests of who may."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rewards.errors import UserError
from rl.record.interrupts import take_signals
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import owned
from rl.record.runs.process import Process, this_process
from rl.record.runs.terms import TermFile, begin_term, newest_number

INTERVAL = 0.05
"""Seconds between two heartbeats in tests."""

_FORK = multiprocessing.get_context("fork")


class Other:
    """Another process that is about to own a run. It begins when told, and then writes a metrics line for each number."""

    def __init__(self, run: RunDirectory, interval: float, environment: Mapping[str, str]) -> None:
        self._talk, theirs = _FORK.Pipe()
        self.process = _FORK.Process(target=_own, args=(theirs, run, interval, environment))
        self.process.start()
        theirs.close()
        assert self.said() == "ready"

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def tell(self, text: str = "") -> None:
        self._talk.send(text)

    def said(self) -> str:
        """The next thing that it says."""
        assert self._talk.poll(60)
        return self._talk.recv()

    def own(self) -> Other:
        self.tell()
        assert self.said() == "owned"
        return self

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> int | None:
        """Its exit status, when it has ended."""
        self.process.join(60)
        return self.process.exitcode


def _own(talk: Connection, run: RunDirectory, interval: float, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    take_signals()
    talk.send("ready")
    talk.recv()
    try:
        with owned(run, interval):
            talk.send("owned")
            while step := talk.recv():
                run.metrics.append({"phase": "grpo", "step": int(step), "metrics": {}})
                talk.send("written")
    except UserError as error:
        talk.send(f"{type(error).__name__} {error}")
        raise SystemExit(2) from error


@contextmanager
def other(run: RunDirectory, interval: float = INTERVAL, **environment: str) -> Iterator[Other]:
    """Another process, which is gone when the block ends."""
    started = Other(run, interval, environment)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.join()


def record(run: RunDirectory, interval: float = INTERVAL, **other_than_here: Any) -> TermFile:
    """What an owner leaves that differs in these facts from this process, and is not there any more unless it beats."""
    facts = {"path": str(run.path), "since": "2026-11-02T10:00:00+00:00", "interval": interval}
    process: Process = replace(this_process({}), **other_than_here)
    made = begin_term(run.owners, newest_number(run.owners) + 1, process=process, **facts)
    assert made is not None
    return made


def copied(run: RunDirectory, to: Path) -> RunDirectory:
    """A copy of a run's folder."""
    subprocess.run(["cp", "-r", run.path, to], check=True)
    return RunDirectory(to)
