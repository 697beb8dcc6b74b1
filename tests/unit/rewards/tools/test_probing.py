"""A scorer is checked step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards.plugins.spec import ScorerSpec
from rewards.tools.probing import Finding, check_scorer, probes


def findings(tmp_path: Path, text: str, **settings: object) -> dict[str, Finding]:
    file = tmp_path / "mine.py"
    file.write_text(text)
    found = list(check_scorer(ScorerSpec("mine", f"{file}:f", **settings)))  # type: ignore[arg-type]
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


def test_a_sound_scorer_passes_everything(tmp_path: Path) -> None:
    found = findings(tmp_path, "def f(sample): return {'score': float(len(sample.completion)), 'part': 1}\n")
    assert {finding.verdict for finding in found.values()} == {"ok"}
    assert list(found) == ["imports", "travels", "range", "determinism", "order independence", "parts", "time"]
    assert found["parts"].detail == "part"


@pytest.mark.parametrize(
    ("text", "check", "verdict", "detail"),
    [
        ("import nowhere\n", "imports", "failed", "No module named 'nowhere'"),
        ("def f(sample): return 1 / len(sample.completion)\n", "probe: empty", "failed", "ZeroDivisionError"),
        ("def f(sample): return 1\n", "range", "warning", "every probe got 1; it tells nothing apart"),
        ("def f(sample): return None\n", "scores", "failed", "None for every probe; does it need columns or another --task?"),
        ("def f(sample): return -len(sample.stated.persons)\n", "order", "warning", "the gold rationale got -1, an empty text 0"),
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
    group = findings(tmp_path, "def f(samples): return [len(samples) + len(s.completion) for s in samples]\n", mode="group")
    assert "batch independence" not in group
    assert "order independence" not in group


def test_parameters_that_cannot_travel_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(sample, key): return 1\n")
    (finding,) = check_scorer(ScorerSpec("mine", f"{file}:f", {"key": lambda: 0}))
    assert (finding.check, finding.verdict) == ("travels", "failed")
    assert "its parameters cannot be sent to workers" in finding.detail


def test_probes_are_what_policies_write() -> None:
    found = probes("qa")
    assert found["gold"].parsed.defects == ()
    assert found["empty"].completion == ""
    assert found["truncated"].finish_reason == "length"
    assert len(found["100 kB"].completion) == 100_000
    assert {sample.task for sample in found.values()} == {"qa"}
