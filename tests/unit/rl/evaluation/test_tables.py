"""Tables for a terminal and in markdown."""

from __future__ import annotations

import io

from rich.console import Console

from rl.evaluation.comparison import compare
from rl.evaluation.summary import summarise
from rl.evaluation.tables import markdown, remarks, rich_tables, sheets_of
from tests.unit.rl.evaluation.scored_rows import row, rows

SCORED = [
    *rows("identity", [1.0, 1.0, 0.0, 1.0]),
    row("appearance_caption", 0.5, measure="overlap"),
    row("identity", 0.0, number=9, problem="no answer in time: 3 s"),
]


def test_a_row_a_model_in_the_papers_columns() -> None:
    first, second = summarise("ours", {}, SCORED), summarise("theirs", {}, rows("identity", [0.0]))
    (sheet,) = sheets_of([first, second])
    assert sheet.header == ("model", "AppCap\noverlap", "ID\naccuracy", "AVG\nmean")
    ours, theirs = sheet.rows
    assert ours[0] == "ours"
    assert ours[2].startswith("75.0\n[")
    assert theirs == ("theirs", "-", "0.0\n[0.0, 97.5]", "-")


def test_markdown_keeps_figure_and_interval_in_one_cell() -> None:
    text = markdown(sheets_of([summarise("a|b", {}, rows("identity", [1.0]))]), ["a remark"])
    assert "### Closed attributes" in text
    assert "| model | ID<br>accuracy |" in text
    assert "| a\\|b | 100.0<br>[2.5, 100.0] |" in text
    assert text.endswith("- a remark\n")


def test_a_terminal_shows_the_same() -> None:
    shown = io.StringIO()
    scored = [row("emotion_single", 1.0, "DFEW", number=n, gold=one, said="sad") for n, one in enumerate(["sad", "happy"])]
    for sheet in sheets_of([summarise("m [x]", {}, scored)]):
        for table in rich_tables(sheet, 200):
            Console(file=shown, width=200).print(table)
    said = shown.getvalue()
    for words in ("m [x]", "ER single", "100.0", "UAR", "50.0", "Confusion of emotion_single · DFEW", "gold \\ said", "(other)"):
        assert words in said


def test_a_table_that_is_too_wide_is_shown_in_parts_and_whole() -> None:
    sources = ["Eyes", "Mouth", "Nose", "Hair", "Chin", "Face_shape", "Facial_features", "Accessories", "Age", "Gender", "Skin"]
    scored = [row("attribute_open", float(n % 2), f"QA_{one}", number=n) for one in sources for n in range(7)]
    (sheet,) = sheets_of([summarise("a model with quite a long name, as runs have it", {}, scored)])
    for width in (60, 100, 150):
        shown = io.StringIO()
        tables = rich_tables(sheet, width)
        for table in tables:
            Console(file=shown, width=width).print(table)
        said = shown.getvalue()
        assert "…" not in said
        assert all(name.partition("\n")[0] in said for name in sheet.header)
        assert said.count("[") == said.count("]") == 12
        assert said.count("7 rows") == 1
        assert all(len(line) <= width for line in said.splitlines())
    assert len(rich_tables(sheet, 60)) > len(rich_tables(sheet, 150)) > 1


def test_what_is_not_measured_and_what_stands_in_is_told() -> None:
    said = remarks([summarise("ours", {}, SCORED)])
    assert said[0] == "ours: 1 of 6 have no measure and are left out (1 × no answer in time)"
    assert any(line.startswith("overlap: ") and "no judge is configured" in line for line in said)
    assert remarks([summarise("ours", {}, rows("identity", [1.0]))]) == []


def test_a_comparison_shows_difference_interval_and_p() -> None:
    one = compare("A", rows("identity", [1.0] * 12), "B", rows("identity", [0.0] * 12))
    (sheet,) = sheets_of([], [one])
    assert sheet.rows == (("Closed attributes: ID", "100.0", "0.0", "+100.0\n[100.0, 100.0]", "<0.001", "<0.001", "12"),)
