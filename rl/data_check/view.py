"""A summary as tables on a terminal, none of them long."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from rl.data_check.summary import QUANTILES, Group, LabelBalance, SplitSummary, Summary

MOST_GROUPS = 40
"""Tasks with sources that are listed for a split."""
MOST_LABELS = 12
"""Labels that are listed for a task."""
MOST_KINDS = 25
"""Kinds of findings that are listed."""


def summary_view(summary: Summary) -> Iterator[RenderableType]:
    """The tables of every split, then what was found."""
    for split in summary.splits:
        yield Text(heading(split), style="bold")
        if split.groups:
            yield _groups(split)
        if split.spreads:
            yield _spreads(split)
        if split.labels:
            yield _labels(split)
    if summary.kinds:
        yield _kinds(summary)
    for remark in summary.remarks:
        yield Text(remark)
    for refusal in summary.refusals:
        yield Text(refusal, style="red")
    yield verdict(summary)


def verdict(summary: Summary) -> Text:
    """The last line: how many rows can be used, and whether training may start."""
    warnings = sum(kind.count for kind in summary.of("warning"))
    told = f"{summary.rows:,} rows, {summary.unusable:,} that cannot be used, {warnings:,} warnings"
    if summary.may_start:
        return Text(f"{told}: training may start", style="bold green")
    skip = "" if summary.refusals else ", unless it skips bad rows (--skip-bad-rows)"
    return Text(f"{told}: training would not start{skip}", style="bold red")


def heading(split: SplitSummary) -> str:
    """A split in a few words."""
    name = f"{split.name}: " if split.name else ""
    return f"{name}{split.path} ({split.rows:,} rows, {split.media:,} videos and images)"


def source_of(group: Group) -> str:
    """Where rows come from, with the data set where there are several."""
    return f"{group.source or '-'} ({group.data_set})" if group.data_set else group.source or "-"


def figure(value: float) -> str:
    """A figure of a spread, as short as it can be read."""
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.1f}"


def quantile_names() -> list[str]:
    """What the quantiles are called."""
    names = {0.0: "least", 0.5: "median", 1.0: "most"}
    return [names.get(share, f"{share:.0%}") for share in QUANTILES]


def bounded_labels(balance: LabelBalance, most: int) -> tuple[list[tuple[str, int]], int]:
    """The most frequent labels, and how many rows have others."""
    shown = list(balance.labels[:most])
    return shown, sum(count for _, count in balance.labels[most:])


def _groups(split: SplitSummary) -> Table:
    table = Table("task", "source")
    table.add_column("rows", justify="right")
    for group in split.groups[:MOST_GROUPS]:
        table.add_row(Text(group.task), Text(source_of(group)), f"{group.rows:,}")
    if rest := split.groups[MOST_GROUPS:]:
        table.add_row(f"{len(rest)} more", "", f"{sum(group.rows for group in rest):,}")
    return table


def _spreads(split: SplitSummary) -> Table:
    table = Table("", *quantile_names())
    for spread in split.spreads:
        table.add_row(spread.what, *map(figure, spread.values))
    return table


def _labels(split: SplitSummary) -> Table:
    table = Table("task", "labels", "the most frequent")
    for balance in split.labels:
        shown, rest = bounded_labels(balance, MOST_LABELS)
        listed = ", ".join(f"{label} {count:,}" for label, count in shown)
        table.add_row(Text(balance.task), str(balance.distinct), Text(listed + (f", others {rest:,}" if rest else "")))
    return table


def _kinds(summary: Summary) -> Table:
    table = Table("", "what", "the first", show_lines=True)
    table.add_column("rows", justify="right")
    for kind in summary.kinds[:MOST_KINDS]:
        style = "red" if kind.severity == "error" else "yellow"
        table.add_row(Text(kind.severity, style=style), Text(kind.name), Text(kind.examples[0]), f"{kind.count:,}")
    if rest := summary.kinds[MOST_KINDS:]:
        table.add_row("", f"{len(rest)} more kinds", "", f"{sum(kind.count for kind in rest):,}")
    return table
