"""A scorer is checked step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rewards.plugins.spec import ScorerSpec
from rewards.sample import RewardSample
from rewards.tools.probing import Finding, check_scorer


def findings(
    tmp_path: Path,
    text: str,
    columns: Mapping[str, object] | None = None,
    rows: Sequence[RewardSample] = (),
    **settings: object,
) -> dict[str, Finding]:
    file = tmp_path / "mine.py"
    file.write_text(text)
    spec = ScorerSpec("mine", f"{file}:f", **settings)  # type: ignore[arg-type]
    found = list(check_scorer(spec, columns=columns, rows=rows))
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


def test_a_sound_scorer_passes_everything(tmp_path: Path) -> None:
    found = findings(tmp_path, "def f(sample): return {'score': min(len(sample.completion), 500) / 500, 'part': 1}\n")
    assert {finding.verdict for finding in found.values()} == {"ok"}
    names = ["imports", "travels", "range", "empty answer", "determinism", "order independence", "parts", "time"]
    assert list(found) == names
    assert found["parts"].detail == "part"


@pytest.mark.parametrize(
    ("text", "check", "verdict", "detail"),
    [
        ("import nowhere\n", "imports", "failed", "No module named 'nowhere'"),
        ("def f(sample): return 1 / len(sample.completion)\n", "probe: empty", "failed", "ZeroDivisionError"),
        ("def f(sample): return 1\n", "range", "failed", "every probe got 1; it tells nothing apart"),
        ("def f(sample): return 0\n", "range", "failed", "every probe got 0; it tells nothing apart"),
        (
            "def f(sample): return len(sample.completion)\n",
            "range",
            "warning",
            "0 (empty) to 1.05e+05 (tag flood); other scorers",
        ),
        (
            "from rewards.sample import scorer\n@scorer(range=(0, 2))\ndef f(sample): return len(sample.completion)\n",
            "range",
            "failed",
            "0 (empty) to 1.05e+05 (tag flood), but it promises 0 to 2",
        ),
        (
            "from rewards.sample import scorer\n@scorer(range=(0, 2e5))\ndef f(sample): return len(sample.completion)\n",
            "range",
            "ok",
            "0 (empty) to 1.05e+05 (tag flood)",
        ),
        ("def f(sample): return None\n", "scores", "failed", "None for every probe; does it need --column, --rows or another"),
        (
            "def f(sample): return None if sample.completion else 1\n",
            "range",
            "failed",
            "every probe got 1; it tells nothing apart",
        ),
        ("def f(sample): return 0.5 if sample.completion == '42' else None\n", "range", "warning", "only one probe (number) got"),
        ("def f(sample): return -len(sample.stated.persons)\n", "empty answer", "warning", "gets 0, the right text -1"),
        (
            "from rewards.sample import scorer\n@scorer(range=(-1, 0))\ndef f(sample): return -len(sample.stated.persons)\n",
            "empty answer",
            "ok",
            "",
        ),
        ("def f(sample): return len(sample.completion) + 1\n", "empty answer", "warning", "gets 1, the right text "),
        (
            "def f(sample): return 1 - min(len(sample.completion), 9) / 10\n",
            "empty answer",
            "failed",
            "gets 1, the right text 0.1",
        ),
        ("def f(sample): return -min(len(sample.completion) // 9999, 1)\n", "empty answer", "ok", ""),
        (
            "def f(sample): return float(sample.stated.persons == sample.gold.tree.persons)\n",
            "empty answer",
            "failed",
            "gets 1 (no gold), the right text 0: give 0 or None there, or make it a penalty",
        ),
        (
            "def f(sample): return len(sample.answer) + len(sample.completion)\n",
            "probe: gold (no answer)",
            "warning",
            "TypeError: object of type 'NoneType' has no len()",
        ),
        ("def f(sample): print('here')\n", "output", "ok", "here"),
        (
            "def f(completions, **columns): return [columns['clip'][0] for one in completions]\n",
            "imports",
            "failed",
            "write adapter: trl or ms_swift",
        ),
        ("import random\ndef f(sample): return random.random()\n", "determinism", "failed", "the same samples twice gave"),
        (
            "n = 0\ndef f(sample):\n    global n\n    n += 1\n    return n\n",
            "order independence",
            "failed",
            "the samples in reverse gave other results",
        ),
        (
            "def f(sample): return {'score': 1, **({} if sample.completion else {'a': 1})}\n",
            "parts",
            "warning",
            "different parts",
        ),
        ("def f(samples): return [1 for sample in samples]\n", "every probe", "failed", "if one call gets a list, set the mode"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, text: str, check: str, verdict: str, detail: str) -> None:
    found = findings(tmp_path, text)[check]
    assert found.verdict == verdict
    assert detail in found.detail


def test_a_batch_must_not_matter(tmp_path: Path) -> None:
    found = findings(tmp_path, "def f(samples): return [len(samples) + len(s.completion) for s in samples]\n", mode="batch")
    assert found["batch independence"].verdict == "failed"
    assert "output" not in found
    group = findings(tmp_path, "def f(samples): return [len(samples) + len(s.completion) for s in samples]\n", mode="group")
    assert "batch independence" not in group
    assert "order independence" not in group


def test_parameters_that_cannot_travel_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample, key): return 1\n")
    (finding,) = check_scorer(ScorerSpec("mine", f"{file}:f", {"key": lambda: 0}))
    assert (finding.check, finding.verdict) == ("travels", "failed")
    assert "its parameters cannot be sent to workers" in finding.detail


NEEDS_A_COLUMN = "def f(completions, clip, **more): return [len(one) / 1e6 + clip[0] for one in completions]\n"
READS_A_COLUMN = "def f(completions, **columns): return [len(one) / 1e6 + columns['clip'][0] for one in completions]\n"


@pytest.mark.parametrize("text", [NEEDS_A_COLUMN, READS_A_COLUMN])
def test_columns_are_given_to_functions_that_need_them(tmp_path: Path, text: str) -> None:
    finding = findings(tmp_path, text, adapter="trl")["every probe"]
    assert finding.detail.endswith("; give columns by --column name=value, or rows of the data set by --rows FILE")
    assert findings(tmp_path, text, {"clip": 0.5}, adapter="trl")["range"].verdict == "ok"


def test_rows_take_the_place_of_the_checks_own(tmp_path: Path) -> None:
    text = "def f(sample): return (sample.answer in sample.completion) * sample.columns['weight']\n"
    rows = [RewardSample("", answer="happy", columns={"weight": 0.5}), RewardSample("", answer="", columns={"weight": 1.0})]
    found = findings(tmp_path, text, rows=rows)
    assert found["range"].detail == "0 (empty) to 1 (gold (row 2))"
    assert found["empty answer"].detail == "gets 1 (row 2), the right text 1: give 0 or None there, or make it a penalty"
    assert "probe: gold (no answer)" not in found


def test_a_group_is_scored_row_by_row(tmp_path: Path) -> None:
    found = findings(tmp_path, "def f(samples): return [len({s.answer for s in samples}) - 1 for s in samples]\n", mode="group")
    assert found["range"].detail == "every probe got 0; it tells nothing apart"


def test_neighbours_that_travel_are_named(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1\n")
    found = findings(tmp_path, "import helper\ndef f(sample): return len(sample.completion)\n")
    assert found["travels"].detail == "its text is sent to workers, with those of helper"
