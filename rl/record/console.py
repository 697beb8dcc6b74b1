"""What a person sees while a run goes on: rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

said = logging.getLogger("affectree")
"""Where the same lines go besides: to the log of the run, while there is one."""


said.addHandler(logging.NullHandler())


console = Console(soft_wrap=not sys.stdout.isatty(), highlight=sys.stdout.isatty(), width=None if sys.stdout.isatty() else 150)
_began = time.monotonic()


def say(text: str) -> None:
    """One line with the time since the start."""
    said.info(text)
    console.print(Text(f"[{time.monotonic() - _began:6.0f} s] {text}"))


def warn(text: str) -> None:
    """One line that asks for attention, though the run goes on."""
    said.warning(text)
    console.print(Text(f"[{time.monotonic() - _began:6.0f} s] warning: {text}", style="yellow"))


def stage_table(stages: Mapping[str, Mapping[str, float]], chance: Mapping[str, float], majority: Mapping[str, float]) -> Table:
    """Measures down, stages across, chance and majority level beside them; in percent."""
    table = Table(title="held-out, greedy, %")
    table.add_column("measure")
    for name in ("chance", "majority", *stages):
        table.add_column(name, justify="right")
    measures = dict.fromkeys(key for stage in stages.values() for key in stage)
    for measure in measures:
        cells = [source.get(measure) for source in (chance, majority, *stages.values())]
        table.add_row(measure, *(_cell(measure, value) for value in cells))
    return table


def example_panels(examples: Sequence[Any]) -> list[Columns]:
    """Each written tree beside its gold one."""
    return [
        Columns([Panel(Text(e.written), title="written"), Panel(Text(e.gold), title="gold")], title=e.video, equal=True)
        for e in examples
    ]


def _cell(measure: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if measure == "length" else f"{100 * value:.1f}"
