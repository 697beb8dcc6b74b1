"""The presets of the paper go through every stage, on a small folder laid out like Emo-CFG and with a tiny model."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rl.config.saved import load_saved
from rl.config.schema import Config
from rl.record.runs.directory import RunDirectory
from rl.run.preparation import prepare_data
from rl.run.sft import sft_steps, with_steps
from rollout.faces.emo_cfg import make_emo_cfg
from rollout.rows.data import RowData
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
STAGES = ("attribute", "expression", "emotion")
SMALL = (
    "model.dtype=float32",
    *(f"curriculum.stages.{stage}.{word}" for stage in STAGES for word in ("epochs=1", "batch=16", "learning_rate=1.0e-3")),
    "rewards.workers=1",
    "learner.ranks=1",
    "learner.gpus=0",
    "learner.cpus=1",
    "learner.token_budget=4096",
    "rollout.engines=1",
    "rollout.gpus=0",
    "rollout.cpus=1",
    "rollout.max_model_len=1024",
    "rollout.enforce_eager=true",
    "evaluation.rows={attribute_closed: 2, action_caption: 2, fine_caption: 2, rationale: 2}",
    'evaluation.max_tokens={"*": 24}',
    "evaluation.every=0",
    "checkpoints.every=0",
    "checkpoints.tune_every=0",
    "tracking.mlflow=false",
)
REINFORCED = ("grpo.steps=2", "grpo.prompts=6", "grpo.group=4", "grpo.max_tokens=24")


def affectree(folder: Path, *words: str) -> str:
    environment = {**os.environ, "RAY_ADDRESS": "local"}
    command = [str(BIN / "affectree"), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(words)}\n{(done.stdout + done.stderr)[-8000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with `data/` as docs/videmo.md has it: what is published, and the trees of its rationales."""
    folder = tmp_path_factory.mktemp("videmo")
    emo_cfg = make_emo_cfg(folder / "data" / "emo-cfg", clips=6)
    (emo_cfg / "magpie").rename(folder / "data" / "magpie")
    for split, which in (("train", "full"), ("test", "sampled")):
        rows, out = f"data/emo-cfg/jsons/{split}/*/{which}/*.json", f"data/emo-cfg-trees/{split}.jsonl"
        tasks = ("--task", "rationale_text", "--task", "fine_caption")
        said = affectree(folder, "data", "trees", rows, "--media-root", "data/emo-cfg", "--out", out, *tasks)
        assert "rationales are trees now" in said
    return folder


@dataclass(frozen=True)
class Ran:
    """A run that is over."""

    directory: RunDirectory
    config: Config
    said: str

    def records(self, phase: str) -> list[dict]:
        return [record for record in self.directory.metrics.read() if record["phase"] == phase]


def run(preset: str, place: Path, model: Path, *more: str) -> Ran:
    judge = f"rewards.judge={{model: {model}, gpus: 0, cpus: 0.25, dtype: float32, max_model_len: 4096, max_tokens: 24}}"
    said = affectree(place, "train", preset, f"model.path={model}", judge, f"runs=runs-{preset}", *SMALL, *more)
    (folder,) = (place / f"runs-{preset}").glob("*-*")
    directory = RunDirectory(folder)
    return Ran(directory, load_saved(directory.config_file, files=False), said)


def rows_of_stages(ran: Ran, place: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[RowData, dict[str, list[int]]]:
    """What each stage of a run learned from."""
    monkeypatch.chdir(place)
    rows = prepare_data(ran.config).train
    found: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for step in sft_steps(with_steps(ran.config, rows).curriculum.stages, rows, ran.config.seed):
        found[step.stage] += step.rows
    return rows, found


def look_at_tuning(ran: Ran, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, learned = rows_of_stages(ran, place, monkeypatch)
    steps = Counter(record["stage"] for record in ran.records("tune"))
    assert steps == {stage: len(indices) // 16 for stage, indices in learned.items()}
    assert all(f"{stage} {steps[stage]} = 1 epoch" in ran.said for stage in STAGES)
    tasks = {stage: {rows[index].task for index in indices} for stage, indices in learned.items()}
    assert tasks["attribute"] >= {"attribute_open", "attribute_closed", "identity", "appearance", "action_caption"}
    assert tasks["expression"] >= {"emotion_single", "emotion_multi", "action_units", "expression_caption", "conversation"}
    assert tasks["emotion"] >= {"fine_caption", "rationale_text", "rationale"}
    assert "instruction" in set.union(*tasks.values())
    trees = [row for index in learned["emotion"] if (row := rows[index]).task == "rationale"]
    assert trees
    assert all((row.reference or "").startswith("<tree>") for row in trees)
    assert all(record["metrics"]["tune/loss"] > 0 for record in ran.records("tune"))


def stages_of(ran: Ran) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(ran.directory.summary_file.read_text())["stages"]
    return found


def parts_of(steps: Sequence[dict]) -> set[str]:
    return {key.removeprefix("reward/parts/") for step in steps for key in step["metrics"] if key.startswith("reward/parts/")}


def test_the_smaller_one_is_tuned_in_three_stages(place: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("videmo_3b", place, tiny_model)
    look_at_tuning(ran, place, monkeypatch)
    assert not ran.records("grpo")
    assert set(stages_of(ran)) == {"init", "tuned"}


def test_the_larger_one_is_reinforced_too_and_every_reward_scores(
    place: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("videmo_7b", place, tiny_model, *REINFORCED)
    look_at_tuning(ran, place, monkeypatch)
    steps = ran.records("grpo")
    assert len(steps) == 2
    assert parts_of(steps) >= {"qa", "caption", "tree_edit", "caption_tree"}
    assert all(step["metrics"]["reward/errors"] == 0 for step in steps)
    assert {"init", "tuned", "grpo"} == set(stages_of(ran))
    assert stages_of(ran)["grpo"].keys() >= {"qa/attribute_closed", "qa/action_caption", "structure"}
