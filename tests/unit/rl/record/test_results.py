"""What a run has measured, and that it is still there after an interrupt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rl.config.schema import Config, GrpoConfig
from rl.record.measures import Evaluation, Example
from rl.record.report import write_report
from rl.record.results import Results
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.tracker import Tracker
from rollout.rows.row import Row


class Told(Tracker):
    """A tracker that only remembers what it was told."""

    def __init__(self, config: Config, run: RunDirectory) -> None:
        super().__init__(config, run, warn=lambda text: None)
        self.told: list[Mapping[str, Any]] = []

    def log(self, line: Mapping[str, Any], flush: bool = True) -> None:
        self.told.append(line)


ROWS = [Row(0, "?", (), "qa", reference="A", options=("A", "B", "C", "D"))]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    config = Config(runs=str(tmp_path), seed=7, grpo=GrpoConfig(steps=3, mix={"qa": 1.0}))
    run = RunDirectory.create(config)
    return Results.open(config, run, ROWS, Told(config, run))


def test_a_stage_is_in_the_summary_the_metrics_the_tracker_and_on_the_screen(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    measures = {"root_accuracy": 0.25, "leaf_f1": 0.5, "length": 40.0}
    results.stage("init", Evaluation(measures, (Example("a.mp4", "written", "gold"),)))
    assert results.directory.summary()["stages"] == {"init": measures}
    (line,) = results.directory.metrics.read()
    assert {name: line[name] for name in line if name != "time"} == {"phase": "evaluate", "stage": "init", "metrics": measures}
    assert isinstance(results.tracker, Told)
    assert results.tracker.told == [line]
    assert "held-out after init: root_accuracy 25.0 leaf_f1 50.0\n" in capsys.readouterr().out


def test_a_measure_without_gold_is_shown_as_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Config(runs=str(tmp_path), grpo=GrpoConfig(steps=3, mix={"qa": 1.0}))
    run = RunDirectory.create(config)
    tracker = Told(config, run)
    results = Results.open(config, run, [Row(0, "?", (), "rationale")], tracker)
    results.stage("init", Evaluation({"structure": 0.5, "length": 40.0, "ended": 1.0}))
    assert "held-out after init: root_accuracy - leaf_f1 - structure 50.0 tree_edit -\n" in capsys.readouterr().out
    assert set(tracker.told[0]["metrics"]) == {"structure", "length", "ended"}
    results.show()
    rows = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["leaf_f1", "-", "-", "-"] in rows
    assert ["structure", "-", "-", "50.0"] in rows
    assert write_report(run).read_text().count("<td>leaf_f1</td><td>-</td><td>-</td><td>-</td>") == 1


def test_what_was_measured_is_there_again_when_a_run_goes_on(results: Results) -> None:
    results.stage("init", Evaluation({"root_accuracy": 0.25}, (Example("a.mp4", "written", "gold"),)))
    again = Results.open(Config(), results.directory, [], results.tracker)
    assert again.summary == results.summary
    assert again.examples == [Example("a.mp4", "written", "gold")]
    assert again.summary["seed"] == 7


def test_seconds_add_up_by_phase_and_give_the_engines_pace(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("rl.record.results.time.perf_counter", lambda: now[0])
    for seconds in (1.5, 2.5):
        with results.timed("evaluate"):
            now[0] += seconds
    assert results.summary["seconds"] == {"evaluate": 4.0}
    results.stage("init", Evaluation({"length": 50.0}))
    assert results.drawn_tokens is None
    results.note_pace("init", rows=8)
    assert results.drawn_tokens == 8 * 50.0 / 4.0


def test_at_the_end_examples_and_stages_are_shown(results: Results, capsys: pytest.CaptureFixture[str]) -> None:
    results.stage("grpo", Evaluation({"root_accuracy": 0.75}, (Example("a.mp4", "a1 hat: red", "a1 hat: brown"),)))
    results.show()
    shown = capsys.readouterr().out
    for words in ("a1 hat: red", "a1 hat: brown", "root_accuracy", "75.0", "majority"):
        assert words in shown
