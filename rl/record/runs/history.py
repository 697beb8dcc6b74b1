"""The sessions of a run: when it was begun, resumed or forked, where, and with which changes. Kept in run.json as `history`."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from rl.config.changes import Change
from rl.record.runs.errors import RunError
from rl.record.runs.progress import Progress

Kind = Literal["begun", "resumed", "forked"]


@dataclass(frozen=True)
class Session:
    """One time that a run was started."""

    at: str
    """When, in ISO 8601 with its time zone."""
    host: str
    """The machine that the command was given on."""
    kind: Kind
    phase: str
    step: int
    """Steps of the phase that were done when it began."""
    changed: Mapping[str, tuple[Any, Any]]
    """Dotted key -> (old value, new value) of the settings that are others from here on."""
    words: Sequence[str]
    """The settings of the command line, as typed."""

    def kept(self) -> dict[str, Any]:
        """As run.json has it."""
        return asdict(self)


def session(kind: Kind, progress: Progress, changes: Sequence[Change] = (), words: Sequence[str] = ()) -> Session:
    """A session that begins now, on this machine."""
    changed = {one.key: (one.old, one.new) for one in changes}
    now = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    return Session(now, socket.gethostname(), kind, progress.phase, progress.step, changed, tuple(words))


def sessions(state: Mapping[str, Any]) -> list[Session]:
    """The sessions in the content of run.json, the first one first. Raises `RunError` if they cannot be read."""
    try:
        return [Session(**one) for one in state.get("history", [])]
    except TypeError as error:
        raise RunError(f"run.json: its history cannot be read ({error}); restore the file") from error


def with_session(state: Mapping[str, Any], latest: Session) -> list[dict[str, Any]]:
    """The history in the content of run.json with one session more, as run.json has it."""
    return [*state.get("history", []), latest.kept()]
