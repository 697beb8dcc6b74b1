"""A summary as one HTML page, which needs no server and no network to look at."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from rl.data_check.summary import Summary
from rl.data_check.view import bounded_labels, figure, heading, quantile_names, source_of, verdict

_MOST_GROUPS, _MOST_LABELS, _MOST_KINDS = 300, 40, 200
"""Lines of a table at most: the page stays small, whatever the data set is."""


def write_page(summary: Summary, file: Path) -> None:
    """Write the page."""
    page = Environment(loader=PackageLoader("rl.data_check", "."), autoescape=select_autoescape()).get_template("page.html")
    text = page.render(
        title=", ".join(split.path for split in summary.splits),
        summary=summary,
        verdict=verdict(summary).plain,
        heading=heading,
        figure=figure,
        source_of=source_of,
        bar=_bar,
        bounded=bounded_labels,
        quantiles=quantile_names(),
        most_groups=_MOST_GROUPS,
        most_labels=_MOST_LABELS,
        most_kinds=_MOST_KINDS,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _bar(count: int, most: int) -> Markup:
    """A cell with a bar, as long as a count is beside the largest one."""
    return Markup('<td class="bar"><div style="width: {}%"></div></td>').format(round(100 * count / max(1, most), 1))
