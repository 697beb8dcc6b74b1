"""What a person sees while a run goes on: colours and tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import chain
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


def stage_table(
    measures: Sequence[str],
    stages: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, Sequence[float]]],
    chance: Mapping[str, float],
    majority: Mapping[str, float],
) -> Table:
    """The held-out measures of each stage with their 95 % intervals, in percent; - where there was no gold to measure by.

    Args:
        measures: what was to be measured, also where there was no gold.
        stages: stage -> measure -> share. A row for each measure, a column for each stage.
        intervals: stage -> measure -> its bounds; a stage of an older run has none.
        chance: measure -> what guessing gives.
        majority: measure -> what the most frequent answer gives.
    """
    table = Table(title="held-out, greedy, % [95 % interval, by bootstrap over clips]")
    table.add_column("measure")
    for name in ("chance", "majority", *stages):
        table.add_column(name, justify="right")
    for measure in dict.fromkeys([*measures, *chain(*stages.values())]):
        guesses = (cell(measure, source.get(measure)) for source in (chance, majority))
        measured = (_cell_with_interval(measure, stages[name], intervals.get(name, {})) for name in stages)
        table.add_row(measure, *guesses, *measured)
    return table


def example_panels(examples: Sequence[Example]) -> list[Columns]:
    """Each written tree beside its gold one."""
    return [
        Columns([Panel(Text(one.written), title="written"), Panel(Text(one.gold), title="gold")], title=one.video, equal=True)
        for one in examples
    ]


def cell(measure: str, value: float | None) -> str:
    """A measure as it is shown: in percent, a length in tokens, - for none."""
    if value is None:
        return "-"
    return f"{value:.1f}" if measure == "length" else f"{100 * value:.1f}"


def _cell_with_interval(measure: str, stage: Mapping[str, float], intervals: Mapping[str, Sequence[float]]) -> Text:
    shown = cell(measure, stage.get(measure))
    if measure not in intervals or measure not in stage:
        return Text(shown)
    low, high = (cell(measure, bound) for bound in intervals[measure])
    return Text(f"{shown} [{low}, {high}]")
