"""A summary as a terminal and as a page show it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from rl.data_check.page import write_page
from rl.data_check.summary import Group, Kind, LabelBalance, SplitSummary, Spread, Summary
from rl.data_check.view import summary_view

SPLIT = SplitSummary(
    name="train",
    path="rows/train.jsonl",
    rows=1200,
    media=300,
    groups=(Group("emotion_single", "[b]DFEW[/b]", "", 1000), *(Group(f"task {number}", "", "", 2) for number in range(100))),
    spreads=(Spread("rows a clip", (1, 1, 4, 4, 5)), Spread("seconds of a video", (0.5, 1.25, 2.5, 9.75, 61.0))),
    labels=(LabelBalance("emotion_single", tuple((f"label {number}", 100 - number) for number in range(60)), 60),),
)
KINDS = (
    Kind("error", "`messages`: no assistant turn", 4, ("rows/train.jsonl, row 3, key `messages`: <video> & no assistant turn",)),
    Kind("warning", "`answer`: … is none of the options", 2000, ("rows/train.jsonl, row 7, key `answer`: 'x'",)),
)
BAD = Summary((SPLIT,), KINDS, 4, ("3 clips of test, of 12 rows, are in train too",))
GOOD = Summary((SPLIT,), KINDS[1:], 0)


def shown(summary: Summary) -> list[str]:
    console = Console(width=150, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        for table in summary_view(summary):
            console.print(table)
    return capture.get().splitlines()


def test_the_terminal_shows_tasks_with_sources_spreads_labels_and_findings() -> None:
    lines = shown(BAD)
    text = "\n".join(lines)
    assert "train: rows/train.jsonl (1,200 rows, 300 videos and images)" in text
    assert "[b]DFEW[/b]" in text  # what a data set calls its sources is no markup
    assert any("61 more" in line and "122" in line for line in lines)
    assert any("seconds of a video" in line and "9.8" in line and "61" in line for line in lines)
    assert "label 0 100, label 1 99" in text and "label 30" not in text
    assert any("error" in line and "no assistant turn" in line for line in lines)
    assert "3 clips of test, of 12 rows, are in train too" in text
    assert lines[-1] == (
        "1,204 rows, 4 that cannot be used, 2,000 warnings: training would not start, unless it skips bad rows (--skip-bad-rows)"
    )
    assert len(lines) < 120


def test_warnings_keep_nothing_from_starting() -> None:
    assert shown(GOOD)[-1] == "1,200 rows, 0 that cannot be used, 2,000 warnings: training may start"
    assert GOOD.may_start and not BAD.may_start


def test_a_run_that_is_refused_for_another_reason_does_not_start_either() -> None:
    refused = replace(GOOD, refusals=("grpo.mix asks for 'x', but no task is called so",))
    assert not refused.may_start
    lines = shown(refused)
    assert lines[-1].endswith("training would not start")
    assert "grpo.mix asks for 'x', but no task is called so" in lines


def test_the_page_shows_the_same_and_loads_nothing(tmp_path: Path) -> None:
    file = tmp_path / "new" / "page.html"
    write_page(BAD, file)
    page = file.read_text()
    assert "[b]DFEW[/b]" in page and "&lt;video&gt; &amp; no assistant turn" in page
    assert 'style="width: 100.0%"' in page and 'style="width: 0.2%"' in page
    assert "3 clips of test, of 12 rows, are in train too" in page
    assert "training would not start" in page
    for foreign in ("http://", "https://", "<script", "@import", "url("):
        assert foreign not in page


@pytest.mark.parametrize("groups", [5, 5000])
def test_the_page_stays_small(groups: int, tmp_path: Path) -> None:
    split = replace(SPLIT, groups=tuple(Group(f"task {number}", "source", "a set", 1) for number in range(groups)))
    write_page(Summary((split,), KINDS * 500, 4), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 200_000
