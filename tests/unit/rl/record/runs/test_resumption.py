"""A run that goes on with settings that are others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rl.config.load import ConfigError
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import sessions
from rl.record.runs.resumption import NotThisRun, finished_steps, note_finished, resumed
from tests.unit.rl.record.runs.begun import begun_run, measure


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> RunDirectory:
    return begun_run(tmp_path_factory.mktemp("runs"), f"data.directory={faces}")[0]


@pytest.fixture
def run(whole: RunDirectory, tmp_path: Path) -> RunDirectory:
    """One for each test."""
    shutil.copytree(whole.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def test_without_words_a_run_goes_on_as_it_is(run: RunDirectory) -> None:
    found = resumed(run.path)
    assert (found.progress.phase, found.progress.step) == ("grpo", 3)
    assert found.config == RunDirectory.open(run.path)[1]
    assert (found.changes, found.told) == ((), ())
    found.keep()
    assert [session.kind for session in sessions(run.state())] == ["begun", "resumed"]


def test_what_may_change_is_kept_with_its_history_and_holds_the_next_time(run: RunDirectory) -> None:
    words = ["grpo.steps=60", "tracking.uri=http://here:5000", "rewards.scorers.leaf.timeout=5"]
    resumed(run.path, words).keep()
    assert resumed(run.path).config.grpo.restarts == [30]
    (_, session) = sessions(run.state())
    assert (session.phase, session.step, session.words) == ("grpo", 3, words)
    assert session.changed == {
        "grpo.steps": [30, 60],
        "grpo.restarts": [[], [30]],
        "rewards.scorers.leaf.timeout": [30.0, 5.0],
        "tracking.uri": [None, "http://here:5000"],
    }
    again = resumed(run.path, words)
    assert (again.changes, again.told) == ([], ())


def test_a_second_prolongation_adds_to_the_first(run: RunDirectory) -> None:
    for steps in (60, 70):
        resumed(run.path, [f"grpo.steps={steps}"]).keep()
    assert resumed(run.path).config.grpo.restarts == [30, 60]
    (told,) = resumed(run.path, ["grpo.steps=90", "grpo.prolong=stretch"]).told
    assert told.startswith(
        "90 GRPO steps instead of 70: the cosine of the learning rate is stretched to steps 61 to 90; step 3 had"
    )


def test_a_refusal_names_every_setting_why_and_the_command_that_forks(run: RunDirectory) -> None:
    before = run.config_file.read_text()
    with pytest.raises(NotThisRun) as refusal:
        resumed(run.path, ["grpo.kl=0.5", "name=a b", "grpo.steps=60"])
    assert str(refusal.value) == (
        f"{run.path} would be two runs in one with other settings; `affectree train --fork {run.path} grpo.kl=0.5 'name=a b' "
        "grpo.steps=60` begins a run of its own with them:\n"
        '  - name from "quickstart" to "a b": the run has its folder already, which may be renamed and moved\n'
        "  - grpo.kl from 0.05 to 0.5: it changes what is learned"
    )
    assert run.config_file.read_text() == before
    with pytest.raises(NotThisRun, match=r"begins a run of its own with them: seed from 0 to 9: it changes what is learned$"):
        resumed(run.path, ["seed=9"])


def test_a_run_cannot_become_shorter_than_it_is(run: RunDirectory) -> None:
    with pytest.raises(ConfigError, match=r"grpo\.steps = 2: 3 steps are done; give as many or more$"):
        resumed(run.path, ["grpo.steps=2"])
    (told,) = resumed(run.path, ["grpo.steps=20"]).told
    assert told.startswith(
        "20 GRPO steps instead of 30: the cosine of the learning rate is shortened to steps 1 to 20; step 3 had"
    )


def test_unknown_settings_and_words_without_effect_are_refused_as_for_a_new_run(run: RunDirectory) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        resumed(run.path, ["grpo.step=60"])
    with pytest.raises(ConfigError, match=r"tracking\.traces \(command line\): has no effect with tracking\.mlflow=false"):
        resumed(run.path, ["tracking.mlflow=false", "tracking.traces=9"])


def test_a_finished_run_that_is_prolonged_keeps_its_figures_under_its_former_length(run: RunDirectory) -> None:
    shorter = resumed(run.path, ["grpo.steps=3"])
    shorter.keep()
    measure(run, "grpo", "reasoned")
    run.model.mkdir()
    note_finished(run, shorter.config)
    assert resumed(run.path).is_finished
    assert resumed(run.path, ["grpo.steps=3", "checkpoints.keep=3"]).is_finished
    longer = resumed(run.path, ["grpo.steps=40"])
    assert not longer.is_finished
    longer.keep()
    assert finished_steps(run) is None
    run.forget_after(longer.progress)
    stages = ["init", "tuned", "grpo_3", "reasoned_3"]
    assert list(run.summary()["stages"]) == stages
    assert [line["stage"] for line in run.metrics.read() if line["phase"] == "evaluate"] == stages
