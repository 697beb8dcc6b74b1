"""A run goes on with what it began with, or says what is another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewards.plugins.spec import use_instead
from rl.config.schema import Config, JudgeConfig, ScorerConfig
from rl.record.runs.directory import RunDirectory
from rl.run.inputs import OtherInputs, compare_inputs, note_inputs
from rl.run.preparation import Splits, prepare_data

TEXT = "def score(sample):\n    return 0.5\n"


@pytest.fixture
def config(faces: Path, tmp_path: Path) -> Iterator[Config]:
    shutil.copytree(faces, tmp_path / "rows")
    for name in ("policy", "judge"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "mine.py").write_text(TEXT)
    found = Config(runs=str(tmp_path / "runs"))
    found.data.directory = str(tmp_path / "rows")
    found.model.path = str(tmp_path / "policy")
    found.rewards.judge = JudgeConfig(str(tmp_path / "judge"))
    found.rewards.scorers = {"mine": ScorerConfig(f"{tmp_path}/mine.py:score")}
    found.grpo.mix, found.evaluation.rows = {"rationale": 1.0}, {"rationale": 1}
    yield found
    use_instead(f"{tmp_path}/mine.py:score", None)


def splits_of(config: Config) -> Splits:
    config.curriculum.stages = {}
    return prepare_data(config, begun=True)


@pytest.fixture
def run(config: Config) -> RunDirectory:
    made = RunDirectory.create(config)
    note_inputs(config, made, splits_of(config))
    return made


def test_nothing_is_said_of_what_is_the_same_or_moved(
    run: RunDirectory, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ("rows", "policy", "judge"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    config.data.directory, config.model.path = f"{tmp_path}/elsewhere/rows", f"{tmp_path}/elsewhere/policy"
    config.rewards.judge = JudgeConfig(f"{tmp_path}/elsewhere/judge")
    splits = splits_of(config)
    capsys.readouterr()
    compare_inputs(config, run, splits)
    assert capsys.readouterr().out == ""


def test_other_rows_and_another_checkpoint_are_refused_together(run: RunDirectory, config: Config, tmp_path: Path) -> None:
    state = run.state()
    (tmp_path / "policy" / "model.safetensors").write_bytes(b"other weights")
    val = tmp_path / "rows" / "val.jsonl"
    lines = val.read_text().splitlines()
    val.write_text("\n".join(lines[1:]))
    (tmp_path / "rows" / "test.jsonl").rename(tmp_path / "rows" / "test.json")  # another name of the same rows
    with pytest.raises(OtherInputs) as error:
        compare_inputs(config, run, splits_of(config))
    rows = f"{len(lines)} rows before, {len(lines) - 1} now: changed: val.jsonl ({len(lines)} rows, now {len(lines) - 1})"
    assert str(error.value) == (
        f"{run.path} began with other data: other rows of val ({rows}); model.path is another checkpoint than the run began "
        "with, by its config.json and the sizes of its files; put back what was there, or begin a run of its own from a "
        f"checkpoint of this one: affectree train --fork {run.path}"
    )
    assert run.state() == state


def test_val_rows_that_are_gone_are_missed(run: RunDirectory, config: Config, tmp_path: Path) -> None:
    rows = len((tmp_path / "rows" / "val.jsonl").read_text().splitlines())
    (tmp_path / "rows" / "val.jsonl").unlink()
    with pytest.raises(OtherInputs, match=f"the {rows} rows of val are gone"):
        compare_inputs(config, run, splits_of(config))


def test_a_changed_scorer_and_another_judge_are_told(
    run: RunDirectory, config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(TEXT.replace("0.5", "0.25"))
    (tmp_path / "judge" / "config.json").write_text('{"model_type": "llama"}')
    compare_inputs(config, run, splits_of(config))
    said = capsys.readouterr().out
    assert "warning: rewards.judge.model is another model than the run began with, and judges from here on" in said
    assert "has changed, and is used as it is now" in said
    assert "-    return 0.5" in said
    assert "+    return 0.25" in said


def test_a_run_that_goes_on_draws_nothing(config: Config, tmp_path: Path) -> None:
    from rl.config.schema import FacesConfig
    from rollout.rows.row import RowError

    config.data.faces, config.data.directory = FacesConfig(8), str(tmp_path / "none")
    with pytest.raises(RowError, match="no such folder"):
        prepare_data(config, begun=True)
    assert not (tmp_path / "none").exists()
