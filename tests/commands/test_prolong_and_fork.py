"""A finished run is prolonged, and another is forked from one of its checkpoints, as users type it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rl.config.rates import learning_rate
from rl.config.schema import GrpoConfig
from rl.record.endings import MENDABLE
from rl.record.runs.directory import RunDirectory
from rl.record.runs.history import sessions
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
SETTINGS = (
    "data.faces.clips=48",
    "curriculum.stages.attribute.steps=2",
    "curriculum.stages.expression.steps=0",
    "curriculum.stages.emotion.steps=0",
    "grpo.steps=3",
    "grpo.prompts=2",
    "grpo.group=4",
    "grpo.max_tokens=16",
    "grpo.warmup=0.5",
    "evaluation.every=1",
    "evaluation.rows={rationale: 2}",
    "evaluation.val_rows={rationale: 2}",
    "evaluation.max_tokens={rationale: 32}",
    "checkpoints.every=1",
    "checkpoints.keep=9",
)


@dataclass(frozen=True)
class Story:
    """What was typed, and what came of it."""

    begun: RunDirectory
    hashes: Mapping[str, str]
    """Of the files of the run when it had been prolonged, before it was forked."""
    first_report: str
    prolonged: str
    """What was said while it was prolonged."""
    forked: str
    fork: RunDirectory


def affectree(place: Path, *words: str, status: int = 0) -> str:
    done = subprocess.run(
        [str(BIN / "affectree"), *words],
        cwd=place,
        env={**os.environ, "RAY_ADDRESS": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, (done.stdout + done.stderr)[-6000:]
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def hashed(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.rglob("*")) if file.is_file()}


def lines(run: RunDirectory, phase: str) -> list[dict[str, Any]]:
    return [line for line in run.metrics.read() if line["phase"] == phase]


def rates(run: RunDirectory) -> list[float]:
    return [line["metrics"]["learner/learning_rate"] for line in lines(run, "grpo")]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    place = tmp_path_factory.mktemp("prolonged")
    affectree(place, "train", str(QUICKSTART), *SETTINGS)
    (folder,) = (place / "runs").glob("quickstart-*")
    begun = RunDirectory(folder)
    first_report = begun.report_file.read_text()
    prolonged = affectree(place, "train", "--resume", str(folder), "grpo.steps=5", "checkpoints.keep=8")
    hashes = hashed(folder)
    forked = affectree(place, "train", "--fork", str(folder), "--at", "2", "grpo.loss=cispo", "grpo.steps=3", "name=fork")
    (fork,) = (place / "runs").glob("fork-*")
    yield Story(begun, hashes, first_report, prolonged, forked, RunDirectory(fork))


def test_a_prolonged_run_does_each_step_once_at_the_rates_of_one_that_restarts_there(story: Story) -> None:
    grpo = RunDirectory.open(story.begun.path)[1].grpo
    assert (grpo.steps, grpo.restarts) == (5, [3])
    assert [line["step"] for line in lines(story.begun, "grpo")] == [1, 2, 3, 4, 5]
    former = GrpoConfig(**{**vars(grpo), "steps": 3, "restarts": []})
    assert rates(story.begun) == [learning_rate(former, step) for step in (1, 2, 3)] + [
        learning_rate(grpo, step) for step in (4, 5)
    ]
    assert "5 GRPO steps instead of 3: the learning rate of steps up to 3 stays as it was to be" in story.prolonged
    assert f"step 3 had {rates(story.begun)[2]:.3g}, step 4 has {rates(story.begun)[3]:.3g}" in story.prolonged


def test_what_a_prolonged_run_ends_with_is_made_anew_and_its_former_figures_stay(story: Story) -> None:
    assert list(story.begun.summary()["stages"]) == ["init", "tuned", "grpo_3", "grpo"]
    assert [line["stage"] for line in lines(story.begun, "evaluate")] == ["init", "tuned", "grpo_3", "grpo"]
    assert story.begun.report_file.read_text() != story.first_report
    assert story.begun.checkpoints.folders()[-1].name == "grpo_000005"
    newest = max(story.begun.checkpoints.folders(), key=lambda folder: folder.stat().st_mtime)
    assert story.begun.model.stat().st_mtime > newest.stat().st_mtime


def test_its_history_says_when_it_was_what(story: Story) -> None:
    begun, resumed = sessions(story.begun.state())
    assert (begun.kind, begun.phase, begun.step, begun.words[-1]) == ("begun", "tune", 0, "checkpoints.keep=9")
    assert (resumed.kind, resumed.phase, resumed.step) == ("resumed", "grpo", 3)
    assert resumed.changed == {"grpo.steps": [3, 5], "grpo.restarts": [[], [3]], "checkpoints.keep": [9, 8]}


def test_a_finished_run_is_left_as_it_is(story: Story) -> None:
    before = hashed(story.begun.path)
    said = affectree(story.begun.path, "train", "--resume", str(story.begun.path), "grpo.steps=5")
    assert "this run is finished, with 5 GRPO steps; to prolong it" in said
    after = hashed(story.begun.path)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {
        name for name in before.keys() | after.keys() if Path(name).parent == story.begun.owners
    }


def test_what_would_make_two_runs_of_one_is_refused_with_the_command_that_forks(story: Story) -> None:
    said = affectree(
        story.begun.path.parent, "train", "--resume", str(story.begun.path), "grpo.kl=0.5", "seed=3", status=MENDABLE
    )
    assert f"affectree train --fork {story.begun.path} grpo.kl=0.5 seed=3" in said
    assert "seed from 0 to 3: it changes what is learned" in said


def test_a_fork_goes_on_from_an_earlier_checkpoint_with_other_settings(story: Story) -> None:
    config = RunDirectory.open(story.fork.path)[1]
    assert (config.grpo.loss, config.grpo.steps, config.grpo.restarts) == ("cispo", 3, [])
    assert [line["step"] for line in lines(story.fork, "grpo")] == [1, 2, 3]
    assert lines(story.fork, "grpo")[:2] == lines(story.begun, "grpo")[:2]
    assert lines(story.fork, "grpo")[2]["metrics"] != lines(story.begun, "grpo")[2]["metrics"]
    assert list(story.fork.summary()["stages"]) == ["init", "tuned", "grpo"]
    assert story.fork.model.is_dir()
    assert "step 2 had" in story.forked


def test_a_fork_names_its_parent_and_has_a_tracked_run_of_its_own(story: Story) -> None:
    state, parent = story.fork.state(), story.begun.state()
    assert state["parent"] == {
        "path": str(story.begun.path),
        "phase": "grpo",
        "step": 2,
        "mlflow_run_id": parent["mlflow_run_id"],
        "mlflow_uri": parent["mlflow_uri"],
    }
    assert state["mlflow_run_id"] != parent["mlflow_run_id"]
    (session,) = sessions(state)
    assert (session.kind, session.phase, session.step) == ("forked", "grpo", 2)
    assert session.changed["grpo.loss"] == ["ppo", "cispo"]


def test_the_parent_of_a_fork_is_not_written_to(story: Story) -> None:
    now = hashed(story.begun.path)
    assert {name: now[name] for name in story.hashes if Path(name).parent != story.begun.owners} == {
        name: sha for name, sha in story.hashes.items() if Path(name).parent != story.begun.owners
    }
