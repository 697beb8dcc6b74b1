"""What a person sees while a run goes on, where there is no terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import pytest
from rich.console import Console, RenderableType

from rl.record.console import example_panels, say, stage_table, warn
from rl.record.measures import Example


def printed(shown: Iterable[RenderableType]) -> str:
    file = io.StringIO()
    Console(file=file, width=100).print(*shown)
    return file.getvalue()


def test_lines_have_the_time_since_the_start_and_are_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    say("rows [1, 2] of [bold]x[/bold]")
    warn("a scorer failed")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\[ *\d+ s\] rows \[1, 2\] of \[bold\]x\[/bold\]", first)
    assert re.fullmatch(r"\[ *\d+ s\] warning: a scorer failed", second)


def test_stages_stand_beside_chance_and_majority_in_percent() -> None:
    stages = {"init": {"root_accuracy": 0.125, "length": 40.0}, "grpo": {"root_accuracy": 0.5, "leaf_f1": 0.25}}
    measures = ["root_accuracy", "length", "leaf_f1", "tree_edit"]
    lines = printed([stage_table(measures, stages, {}, {"root_accuracy": 1 / 7}, {})]).splitlines()
    cells = {row[0]: row[1:] for line in lines if len(row := line.replace("│", " ").replace("┃", " ").split()) == 5}
    assert cells == {
        "measure": ["chance", "majority", "init", "grpo"],
        "root_accuracy": ["14.3", "-", "12.5", "50.0"],
        "length": ["-", "-", "40.0", "-"],  # in tokens, no share
        "leaf_f1": ["-", "-", "-", "25.0"],
        "tree_edit": ["-", "-", "-", "-"],  # no row has gold for it
    }


def test_a_measure_is_shown_with_its_interval_where_there_is_one() -> None:
    intervals = {"grpo": {"root_accuracy": [0.25, 0.625], "length": [38.5, 41.0]}}
    said = printed([stage_table([], {"grpo": {"root_accuracy": 0.5, "length": 40.0, "leaf_f1": 0.1}}, intervals, {}, {})])
    for words in ("50.0 [25.0, 62.5]", "40.0 [38.5, 41.0]", "10.0 │"):
        assert words in said


def test_an_example_is_shown_as_it_was_written() -> None:
    said = printed(example_panels([Example("clips/a.mp4", "a1 hat: [red]", "a1 hat: brown")]))
    for words in ("clips/a.mp4", "written", "a1 hat: [red]", "gold", "a1 hat: brown"):
        assert words in said
