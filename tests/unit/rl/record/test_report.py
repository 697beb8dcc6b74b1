"""The page about a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rl.config.schema import Config
from rl.record.report import unscored, write_report
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(Config(runs=str(tmp_path), name="faces & more"))


def test_the_page_holds_measures_curves_examples_and_the_configuration(run: RunDirectory) -> None:
    summary = {
        "stages": {"init": {"root_accuracy": 0.125}, "grpo": {"root_accuracy": 0.5}},
        "chance": {"root_accuracy": 0.25},
        "seconds": {"grpo": 61.25},
        "examples": [{"video": "a.mp4", "written": "<tree>\na1 hat: red", "gold": "<tree>\na1 hat: brown"}],
    }
    run.summary_file.write_text(json.dumps(summary))
    run.metrics.append({"phase": "tune", "step": 1, "metrics": {"reward/mean": 9.0}})  # of no GRPO step
    for step, mean in ((1, 0.0), (2, 0.5), (3, 1.0)):
        run.metrics.append({"phase": "grpo", "step": step, "metrics": {"reward/mean": mean}})
    page = write_report(run).read_text()
    cells = re.findall(r"<td>([^<]*)</td>", page)
    assert cells[:5] == ["root_accuracy", "25.0", "-", "12.5", "50.0"]
    assert "61.2" in cells
    assert re.findall(r'points="([^"]*)"', page) == ["0.0,120.0 160.0,60.0 320.0,0.0"]  # up is more
    assert "reward/mean: 0 → 1" in page
    assert "&lt;tree&gt;\na1 hat: red" in page
    assert "faces &amp; more" in page
    assert "name: faces &amp; more" in page
    assert not re.search(r"https?://|src=|<script", page)


def test_the_page_says_what_was_not_scored(run: RunDirectory) -> None:
    of_observers = {"reward/observer_errors": 2.0, "reward/observer_errors/probe": 2.0, "reward/abstained": 0.0}
    for step, metrics in ((1, of_observers), (2, {"reward/errors/leaf": 1.0, "reward/observer_errors/probe": 3.0})):
        run.metrics.append({"phase": "grpo", "step": step, "metrics": metrics})
    assert unscored([line["metrics"] for line in run.metrics.read()]) == {
        "failures of probe, which observes": 5,
        "failures of leaf": 1,
    }
    page = write_report(run).read_text()
    assert "<tr><td>failures of probe, which observes</td><td>5</td></tr>" in page
    assert unscored([{"reward/abstained": 4.0}]) == {"samples that no scorer applies to": 4}
    assert "What was not scored" not in write_report(RunDirectory.create(Config(runs=str(run.path.parent)))).read_text()


def test_the_page_says_how_paths_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = write_report(RunDirectory.create(Config(runs="mine"))).read_text()
    assert f"<td>data.directory</td><td>data/faces</td><td>in {tmp_path}</td>" in page
    assert f"directory: {tmp_path}/data/faces" in page


def test_a_step_without_a_reward_leaves_its_place_in_a_curve_empty(run: RunDirectory) -> None:
    for step, metrics in ((1, {"reward/mean": 0.0}), (2, {}), (3, {"reward/mean": 1.0})):
        run.metrics.append({"phase": "grpo", "step": step, "metrics": metrics})
    assert 'points="0.0,120.0 320.0,0.0"' in write_report(run).read_text()


def test_a_run_that_has_measured_nothing_has_a_page_too(run: RunDirectory) -> None:
    page = write_report(run)
    assert page == run.report_file
    assert "polyline" not in page.read_text()


def test_a_curve_of_equal_values_is_flat(run: RunDirectory) -> None:
    for step in (1, 2):
        run.metrics.append({"phase": "grpo", "step": step, "metrics": {"learner/kl": 0.25}})
    assert 'points="0.0,120.0 320.0,120.0"' in write_report(run).read_text()


def test_records_that_cannot_be_read_are_named(run: RunDirectory) -> None:
    run.summary_file.write_text('{"stages": 1}')
    with pytest.raises(RunError, match=r"summary.json: `stages` must hold objects"):
        write_report(run)
