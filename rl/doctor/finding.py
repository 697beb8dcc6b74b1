"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table
from rich.text import Text

_STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red"}


@dataclass(frozen=True)
class Finding:
    """What a check found: one line of the doctor's table."""

    name: str
    """What was checked."""
    verdict: Literal["ok", "warning", "fault"]
    """With a `fault` a run fails; with a `warning` it works, but may be slow or lack something. `ok` also where affectree has
    found a way around what is missing."""
    found: str
    """What is there."""
    advice: str = ""
    """What to do about it."""

    def __str__(self) -> str:
        return f"{self.name}: {self.found}" + (f"; {self.advice}" if self.advice else "")


def table(findings: Iterable[Finding]) -> Table:
    """The findings as a table: verdict, name, what was found, what to do."""
    shown = Table()
    for column in ("", "", "found", "what to do"):
        shown.add_column(column, overflow="fold")
    for one in findings:
        shown.add_row(Text(one.verdict, style=_STYLES[one.verdict]), Text(one.name), Text(one.found), Text(one.advice))
    return shown


def gib(size: float) -> str:
    """Bytes in the unit that fits: `1.5 GiB`, `64 MiB`."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
