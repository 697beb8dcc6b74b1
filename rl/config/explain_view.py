"""Explanations on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rl.config.explain import Explanation


def explanation_view(found: Explanation) -> RenderableType:
    """A setting with its meaning, or a section as a table of its settings."""
    head = Text(found.key, style="bold")
    if found.default:
        head.append(f": {found.default}").append("  by default", style="not bold dim")
    told = Table.grid(padding=(0, 0, 0, 2))
    told.add_row(Text(found.holds, style="dim"))
    told.add_row(Text(found.meaning))
    if found.on_resume:
        told.add_row(Text(f"May be another when a run goes on: {found.on_resume}.", style="dim"))
    return Group(head, told, _table(found.settings)) if found.settings else Group(head, told)


def _table(settings: tuple[Explanation, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    table.add_column("setting", no_wrap=True, style="bold")
    table.add_column("default", overflow="fold", max_width=24)
    table.add_column("holds", max_width=44)
    table.add_column("meaning")
    for one in settings:
        table.add_row(*(Text(text) for text in (one.key, one.default, one.holds, one.meaning)))
    return table
