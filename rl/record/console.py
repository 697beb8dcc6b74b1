"""What a person sees while a run goes on: colours and tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rl.record.measures import Example

said = logging.getLogger("affectree")
"""Takes every line that is printed; while a run has a log (`log.py`), the lines go there as well."""
said.addHandler(logging.NullHandler())


console = Console(soft_wrap=not sys.stdout.isatty(), highlight=sys.stdout.isatty(), width=None if sys.stdout.isatty() else 150)
_began = time.monotonic()


def say(text: str) -> None:
    """Print one line with the time since the start."""
    said.info(text)
    console.print(Text(f"[{time.monotonic() - _began:6.0f} s] {text}"))


def warn(text: str) -> None:
    """Print one line that asks for attention; the run goes on."""
    said.warning(text)
    console.print(Text(f"[{time.monotonic() - _began:6.0f} s] warning: {text}", style="yellow"))


def stage_table(stages: Mapping[str, Mapping[str, float]], chance: Mapping[str, float], majority: Mapping[str, float]) -> Table:
    """The held-out measures of each stage, in percent.

    Args:
        stages: stage -> measure -> share. A row for each measure, a column for each stage.
        chance: measure -> what guessing gives.
        majority: measure -> what the most frequent answer gives.
    """
    table = Table(title="held-out, greedy, %")
    table.add_column("measure")
    for name in ("chance", "majority", *stages):
        table.add_column(name, justify="right")
    measures = dict.fromkeys(key for stage in stages.values() for key in stage)
    for measure in measures:
        cells = [source.get(measure) for source in (chance, majority, *stages.values())]
        table.add_row(measure, *(_cell(measure, value) for value in cells))
    return table


def example_panels(examples: Sequence[Example]) -> list[Columns]:
    """Each written tree beside its gold one."""
    return [
        Columns([Panel(Text(one.written), title="written"), Panel(Text(one.gold), title="gold")], title=one.video, equal=True)
        for one in examples
    ]


def _cell(measure: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if measure == "length" else f"{100 * value:.1f}"
