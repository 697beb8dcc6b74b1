"""What a run was begun with, and what was changed since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rl.config.schema import Config, GrpoConfig, StageConfig
from rl.record.runs.directory import RunDirectory
from rl.record.tracking.parameters import changes, note_stage_steps, run_parameters


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(runs=str(tmp_path), seed=7, grpo=GrpoConfig(steps=3, mix={"qa": 1.0}))
    config.curriculum.stages = {"all": StageConfig(mix={"qa": 1.0}, epochs=2.0, steps=12)}
    return config


@pytest.fixture
def run(config: Config) -> RunDirectory:
    return RunDirectory.create(config)


def session(kind: str, step: int, **changed: list[Any]) -> dict[str, Any]:
    changes = {key.replace("__", "."): value for key, value in changed.items()}
    return {"at": "", "host": "", "kind": kind, "phase": "grpo", "step": step, "changed": changes, "words": []}


def test_the_configuration_is_flat_with_what_else_the_run_was_begun_with(config: Config, run: RunDirectory) -> None:
    run.remember(scorers={"leaf": "ab12"})
    run.summary_file.write_text('{"decoder": "av 1"}')
    found = run_parameters(config, run)
    assert (found["seed"], found["grpo.steps"], found["grpo.mix.qa"]) == (7, 3, 1.0)
    assert (found["scorer_sha256.leaf"], found["decoder"]) == ("ab12", "av 1")
    assert not any(isinstance(value, dict) and value for value in found.values())


def test_steps_that_the_rows_told_are_kept_as_they_were_first(config: Config, run: RunDirectory) -> None:
    note_stage_steps(config, run)
    config.curriculum.stages["all"].steps = 20
    note_stage_steps(config, run)
    assert run_parameters(config, run)["curriculum.stages.all.steps"] == 12


def test_what_was_changed_is_a_tag_for_each_resume_and_the_parameter_is_what_it_was(config: Config, run: RunDirectory) -> None:
    first = session("resumed", 2, seed=[5, 6], grpo__steps=[2, 3])
    second = session("resumed", 3, seed=[6, 7], curriculum__stages=[["all"], ["all", "late"]], data__new=[None, 1])
    run.remember(history=[session("forked", 0, seed=[1, 5]), first, second])
    found = run_parameters(config, run)
    assert (found["seed"], found["grpo.steps"]) == (5, 2)
    assert not {"curriculum.stages", "data.new"} & found.keys()
    assert changes(run) == {
        "resume.1.at": 2,
        "resume.1.phase": "grpo",
        "resume.1.seed": 6,
        "resume.1.grpo.steps": 3,
        "resume.2.at": 3,
        "resume.2.phase": "grpo",
        "resume.2.seed": 7,
        "resume.2.curriculum.stages": ["all", "late"],
        "resume.2.data.new": 1,
    }
