"""A run that begins at a checkpoint of another."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from rl.config.load import ConfigError
from rl.record.runs.directory import RunDirectory
from rl.record.runs.errors import RunError
from rl.record.runs.fork import forked
from rl.record.runs.history import sessions
from rl.record.runs.progress import Progress
from rl.record.runs.resumption import resumed
from tests.unit.rl.record.runs.begun import begun_run, checkpoint


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, faces: Path) -> RunDirectory:
    return begun_run(tmp_path_factory.mktemp("runs"), f"data.directory={faces}")[0]


@pytest.fixture
def parent(whole: RunDirectory, tmp_path: Path) -> RunDirectory:
    """One for each test, whose forks lie elsewhere."""
    shutil.copytree(whole.path, tmp_path / "parent")
    return RunDirectory(tmp_path / "parent")


def hashed(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_fork_has_what_its_parent_had_at_the_checkpoint_and_the_parent_is_as_it_was(parent: RunDirectory) -> None:
    parent.remember(mlflow_run_id="abc", mlflow_uri="http://there:5000")
    before = hashed(parent.path)
    run = forked(parent.path, "2", ["grpo.kl=0.5", "name=other"]).make()
    assert run.path.name.startswith("other-")
    assert [folder.name for folder in run.checkpoints.folders()] == ["grpo_000002"]
    last = run.checkpoints.last()
    assert last is not None
    assert (last.folder / "state" / "weights.pt").read_text() == "grpo 2"
    assert last.progress == Progress("grpo", 2, 5, estimator={"reward": {"": [0.5, 1.0]}})
    steps = [(line["phase"], line.get("step")) for line in run.metrics.read()]
    assert steps == [("tune", 1), ("tune", 2), ("evaluate", None), ("evaluate", None), ("grpo", 1), ("grpo", 2)]
    assert list(run.summary()["stages"]) == ["init", "tuned"]
    assert run.state()["parent"] == {
        "path": str(parent.path),
        "phase": "grpo",
        "step": 2,
        "mlflow_run_id": "abc",
        "mlflow_uri": "http://there:5000",
    }
    assert "mlflow_run_id" not in run.state()
    (session,) = sessions(run.state())
    assert (session.kind, session.phase, session.step) == ("forked", "grpo", 2)
    assert session.changed == {"name": ["quickstart", "other"], "grpo.kl": [0.05, 0.5]}
    assert resumed(run.path).config.grpo.kl == 0.5
    assert hashed(parent.path) == before


def test_files_are_shared_where_nobody_writes_them_again(parent: RunDirectory) -> None:
    run = forked(parent.path, None).make()
    for name in ("initial_model/model.safetensors", "tuned_model/model.safetensors", "checkpoints/grpo_000003/state/weights.pt"):
        assert (run.path / name).samefile(parent.path / name)
    for name in ("metrics.jsonl", "summary.json", "run.json", "config.yaml", "checkpoints/grpo_000003/progress.json"):
        assert not (run.path / name).samefile(parent.path / name)


def test_a_fork_within_tuning_takes_no_tuned_model_along(parent: RunDirectory) -> None:
    run = forked(parent.path, "tune_000002").make()
    assert not run.tuned_model.exists()
    assert list(run.summary()["stages"]) == ["init"]
    assert [line["phase"] for line in run.metrics.read()] == ["tune", "tune", "evaluate"]


def test_grpo_can_begin_from_the_tuned_model_without_its_checkpoint_and_with_another_shape(parent: RunDirectory) -> None:
    shutil.rmtree(parent.checkpoints.path / "grpo_000000")
    run = forked(parent.path, "0", ["learner.zero_stage=1", "model.lora={rank: 4}"]).make()
    last = run.checkpoints.last()
    assert last is not None
    assert (last.progress.phase, last.progress.step, last.has_state) == ("grpo", 0, False)
    assert run.tuned_model.is_dir()
    with pytest.raises(ConfigError, match=r"learner\.zero_stage from 0 to 1: DeepSpeed has laid out"):
        forked(parent.path, "1", ["learner.zero_stage=1"])


def test_what_an_estimator_remembers_is_its_own(parent: RunDirectory) -> None:
    assert forked(parent.path, "2", ["grpo.estimator=rloo"]).progress.estimator == {}
    assert forked(parent.path, "2", ["grpo.kl=0.5"]).progress.estimator


def test_the_best_on_val_is_kept_as_long_as_val_is_measured_alike(parent: RunDirectory) -> None:
    best = parent.best(2)
    (best / "state").mkdir(parents=True)
    (best / "state" / "weights.pt").write_text("best")
    checkpoint(parent, Progress("grpo", 4, 9, best=0.5, best_step=2))
    run = forked(parent.path, "4").make()
    assert (run.best(2) / "state" / "weights.pt").read_text() == "best"
    other = forked(parent.path, "4", ["rewards.scorers.leaf.weight=9"])
    assert (other.progress.best, other.progress.best_step) == (None, 0)
    assert not other.make().best(2).exists()


def test_figures_that_were_measured_otherwise_are_left_out_and_this_is_told(parent: RunDirectory) -> None:
    fork = forked(parent.path, "2", ["evaluation.rows={rationale: 3}"])
    assert "left out" in fork.told[-1]
    run = fork.make()
    assert not run.summary_file.exists()
    assert [line["phase"] for line in run.metrics.read()] == ["tune", "tune", "grpo", "grpo"]


def test_the_learning_rate_is_told_as_for_a_run_that_is_prolonged(parent: RunDirectory) -> None:
    fork = forked(parent.path, "2", ["grpo.steps=60"])
    assert fork.config.grpo.restarts == [30]
    assert fork.told[0].startswith("60 GRPO steps instead of 30: the learning rate of steps up to 30 stays as it was to be")
    assert "step 2 had" in fork.told[0]


def test_a_checkpoint_that_is_removed_meanwhile_leaves_nothing_half_made(parent: RunDirectory) -> None:
    runs = Path(RunDirectory.open(parent.path)[1].runs)
    before = list(runs.iterdir())
    fork = forked(parent.path, "1")
    shutil.rmtree(parent.checkpoints.path / "grpo_000001")
    with pytest.raises(
        RunError, match=r"grpo_000001: is gone by now, as checkpoints of a run that goes on are \(checkpoints\.keep\); there"
    ):
        fork.make()
    assert list(runs.iterdir()) == before


def test_a_checkpoint_that_is_not_there_is_told_with_those_that_are(parent: RunDirectory) -> None:
    with pytest.raises(RunError, match=r"no checkpoint of grpo step 7; there are tune_000002, grpo_000000, grpo_000001"):
        forked(parent.path, "7")
    with pytest.raises(RunError, match=r"--at last: must be a GRPO step or the name of a checkpoint, such as 30"):
        forked(parent.path, "last")
    with pytest.raises(ConfigError, match=r"grpo\.steps = 1: 2 steps are done"):
        forked(parent.path, "2", ["grpo.steps=1"])


def test_tuning_that_is_over_cannot_be_changed_by_a_fork(parent: RunDirectory) -> None:
    with pytest.raises(
        ConfigError, match=r"curriculum\.stages\.attribute\.batch from \d+ to 16: this tuning is over at the checkpoint"
    ):
        forked(parent.path, "2", ["curriculum.stages.attribute.batch=16"])


def test_a_fork_with_nothing_left_to_do_is_refused(parent: RunDirectory) -> None:
    with pytest.raises(ConfigError, match=r"grpo\.steps = 3: step 3 is done here, so that nothing is left; ask for more"):
        forked(parent.path, "3", ["grpo.steps=3"])
    assert forked(parent.path, "2", ["grpo.steps=3"]).progress.step == 2


def test_what_was_best_by_another_scorer_is_not_the_forks(faces: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def score(sample):\n    return 1.0\n")
    words = (f"data.directory={faces}", f"rewards.scorers.mine.spec={mine}:score")
    run, config = begun_run(tmp_path / "runs", *words)
    run.sources.go_on(config)
    (run.path / "best_000002").mkdir()
    checkpoint(run, Progress("grpo", 3, 6, best=0.5, best_step=2))
    assert forked(run.path, None).progress.best_step == 2
    mine.write_text("def score(sample):\n    return 0.5\n")
    assert forked(run.path, None).progress.best_step == 0
