"""What an evaluation found, as tables for a terminal and in markdown. All figures are percent, with 95 % intervals below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable
from rich.text import Text

from rl.evaluation.bootstrap import Interval
from rl.evaluation.comparison import Comparison
from rl.evaluation.figures import Figure
from rl.evaluation.summary import Classes, Summary

NONE = "-"


@dataclass(frozen=True)
class Sheet:
    """A table before it is drawn. A line break in a cell stands between a figure and its interval."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def sheets_of(summaries: Sequence[Summary], comparisons: Sequence[Comparison] = ()) -> list[Sheet]:
    """All tables of one or several models, or arms of one: a row each, in the columns of the paper's tables.

    Args:
        summaries: of each model.
        comparisons: of pairs of them.
    """
    names = list(dict.fromkeys(table.name for summary in summaries for table in summary.tables))
    found = [_group_sheet(name, summaries) for name in names]
    found += [sheet for sheet in (_class_sheet(summaries), _whole_sheet(summaries)) if sheet is not None]
    found += [_confusion_sheet(one, summary.model) for summary in summaries for one in summary.classes]
    return found + [_comparison_sheet(one) for one in comparisons]


def remarks(summaries: Iterable[Summary]) -> list[str]:
    """What has to be said beside the tables: what was not measured, and what stands in for a judge."""
    found = []
    for summary in summaries:
        if summary.unanswered:
            why = ", ".join(f"{count} × {reason}" for reason, count in summary.problems.items())
            found.append(f"{summary.model}: {summary.unanswered} of {summary.questions} have no measure and are left out ({why})")
    measures = {one.measure for summary in summaries for table in summary.tables for one in table.figures.values()}
    if any("overlap" in measure for measure in measures):
        found.append("overlap: F1 over the words of caption and reference, since no judge is configured; not the paper's measure")
    if any("rules" in measure for measure in measures):
        found.append("rules: trees that the captions denote are compared, since no judge is configured; not the paper's measure")
    if any(summary.wheel and summary.wheel.tables == "shipped" for summary in summaries):
        found.append("emotion wheel: on the wheels of Plutchik and Shaver, not on MER-UniBench's five (--wheels)")
    return found


def rich_tables(sheet: Sheet, width: int) -> list[RichTable]:
    """A sheet for a terminal: as one table, or as several below each other where it is too wide.

    Args:
        sheet: what to draw.
        width: columns of the terminal.
    """
    widths = [max(map(len, "\n".join(cells).split("\n"))) + 3 for cells in zip(sheet.header, *sheet.rows, strict=True)]
    first, room = min(widths[0], width // 3), width - min(widths[0], width // 3) - 1
    parts: list[list[int]] = [[]]
    for place in range(1, len(widths)):
        if parts[-1] and sum(widths[one] for one in parts[-1]) + widths[place] > room:
            parts.append([])
        parts[-1].append(place)
    return [_rich_table(sheet, part, first, last=part is parts[-1]) for part in parts]


def markdown(sheets: Sequence[Sheet], said: Sequence[str] = ()) -> str:
    """Sheets as markdown, with remarks below them."""
    return "\n".join([*(_markdown_table(sheet) for sheet in sheets), *(f"- {one}" for one in said)]) + "\n"


def _rich_table(sheet: Sheet, places: Sequence[int], first: int, last: bool) -> RichTable:
    table = RichTable(title=sheet.title, caption=(sheet.note or None) if last else None)
    table.add_column(Text(sheet.header[0]), max_width=first)
    for place in places:
        table.add_column(Text(sheet.header[place]), justify="right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(Text(row[0]), *(Text(row[place]) for place in places))
    return table


def _markdown_table(sheet: Sheet) -> str:
    lines = [f"### {sheet.title}", "", _line(sheet.header), "|" + " --- |" + " ---: |" * (len(sheet.header) - 1)]
    lines += [_line(row) for row in sheet.rows]
    return "\n".join([*lines, *(["", sheet.note] if sheet.note else []), ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", "<br>") for cell in cells) + " |"


def _group_sheet(name: str, summaries: Sequence[Summary]) -> Sheet:
    of = [(summary.model, table.figures) for summary in summaries for table in summary.tables if table.name == name]
    columns: dict[str, str] = {}
    for _, figures in of:
        for column, figure in figures.items():
            columns.setdefault(column, figure.measure)
    header = [column + (f"\n{measure}" if measure else "") for column, measure in columns.items()]
    rows = tuple((model, *(_cell(figures.get(column)) for column in columns)) for model, figures in of)
    return Sheet(name, ("model", *header), rows, _rows_note([figures for _, figures in of]))


def _rows_note(of: Sequence[Mapping[str, Figure]]) -> str:
    counts = [figure.rows for figures in of for figure in figures.values() if figure.measure != "mean"]
    return f"{min(counts)} rows" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)} rows a column"


def _class_sheet(summaries: Sequence[Summary]) -> Sheet | None:
    rows = [
        (summary.model, one.task, one.source or NONE, _cell(one.unweighted), _cell(one.weighted), str(one.weighted.rows))
        for summary in summaries
        for one in summary.classes
    ]
    header = ("model", "task", "source", "UAR", "WAR", "rows")
    return Sheet("Recognition of classes", header, tuple(rows)) if rows else None


def _whole_sheet(summaries: Sequence[Summary]) -> Sheet | None:
    rows = []
    for summary in summaries:
        known = summary.calibration
        stated = (_percent(known.expected_error), f"{known.brier:.3f}", str(known.rows)) if known else (NONE, NONE, "0")
        if summary.wheel or known:
            rows.append((summary.model, _cell(summary.wheel.figure if summary.wheel else None), *stated))
    header = ("model", "emotion wheel\nF1", "ECE", "Brier", "answers with a confidence")
    return Sheet("Emotion words and stated confidence", header, tuple(rows)) if rows else None


def _confusion_sheet(one: Classes, model: str) -> Sheet:
    matrix = one.confusion
    rows = tuple((name, *map(str, counts)) for name, counts in zip(matrix.classes, matrix.counts, strict=True))
    title = " · ".join(filter(None, (f"Confusion of {one.task}", one.source, model)))
    return Sheet(title, ("gold \\ said", *matrix.said), rows)


def _comparison_sheet(one: Comparison) -> Sheet:
    rows = tuple(
        (
            f"{d.group}: {d.column}",
            _percent(d.first),
            _percent(d.second),
            f"{100 * d.value:+.1f}\n{_interval(d.interval)}",
            _p(d.p),
            NONE if d.mcnemar is None else _p(d.mcnemar),
            str(d.rows),
        )
        for d in one.differences
    )
    header = ("column", one.first, one.second, "difference", "p", "McNemar p", "rows")
    left = f"{one.left_out} questions that only one has a measure for are left out" if one.left_out else ""
    return Sheet(f"{one.first} against {one.second}", header, rows, left)


def _cell(figure: Figure | None) -> str:
    return NONE if figure is None else f"{_percent(figure.value)}\n{_interval(figure.interval)}"


def _interval(interval: Interval) -> str:
    return f"[{_percent(interval.low)}, {_percent(interval.high)}]"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
