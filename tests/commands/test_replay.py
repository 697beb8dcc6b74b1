"""`affectree replay` on a real run: its updates again, without engines, and others where settings or rewards are others."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
CLOSE = 1e-5
SCORER = "def score(sample): return min(1.0, len(set(sample.completion)) / 40)\n"
WATCHED = """
import re, sys, threading, time
import psutil
from rl.cli import main
seen = set()
def watch():
    while True:
        for process in psutil.Process().children(recursive=True):
            try:
                seen.add(re.split("[. ]", " ".join(process.cmdline()))[0])
            except psutil.Error:
                pass
        time.sleep(0.2)
threading.Thread(target=watch, daemon=True).start()
try:
    main()
finally:
    print("actors:", *sorted(name.removeprefix("ray::") for name in seen if name.startswith("ray::")))
    print("vllm loaded:", "vllm" in sys.modules)
"""
"""Runs a command, then prints the Ray actors that it started and whether vLLM was loaded."""


@dataclass(frozen=True)
class Run:
    """A run that was made, and its scorer's file."""

    folder: Path
    scorer: Path

    def metrics(self) -> dict[int, dict[str, float]]:
        return metrics(self.folder)

    def rewards(self, step: int) -> list[object]:
        return column(self.folder, step, "reward")


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three GRPO steps, each of two mini-batches and two epochs, with a reference, and with every checkpoint kept."""
    folder = tmp_path_factory.mktemp("replayed")
    scorer = folder / "mine.py"
    scorer.write_text(SCORER)
    words = small_settings(
        faces,
        folder / "runs",
        "grpo.steps=3",
        "evaluation.every=0",
        "evaluation.rows={rationale: 2}",
        'evaluation.max_tokens={rationale: 32, "*": 24}',
        "evaluation.reasoning=null",
        "checkpoints.keep=9",
        f"rewards.scorers.mine.spec={scorer}:score",
    )
    done = subprocess.run([BIN / "affectree", "train", QUICKSTART, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(next((folder / "runs").glob("quickstart-*")), scorer)


def metrics(folder: Path) -> dict[int, dict[str, float]]:
    """A step -> its metrics, of rewards and of the update, without its time."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return {
        line["step"]: {
            name: value
            for name, value in line["metrics"].items()
            if name.startswith(("reward/", "learner/")) and name not in ("learner/seconds", "learner/idle_share")
        }
        for line in lines
        if line["phase"] == "grpo"
    }


def column(folder: Path, step: int, name: str) -> list[object]:
    found: list[object] = pq.read_table(folder / "rollouts" / f"step_{step}.parquet", columns=[name])[name].to_pylist()
    return found


def replay(*words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "replay", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def content(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file of a folder: when it was changed, and a digest of it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {
        str(file.relative_to(folder)): (file.stat().st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files
    }


def largest_weight_difference(said: str) -> float:
    (line,) = (line for line in said.splitlines() if "largest difference from the run's checkpoint" in line)
    return float(line.split()[-1])


def test_an_update_is_the_same_again_and_starts_no_engine(run: Run, tmp_path: Path) -> None:
    before = content(run.folder)
    said = replay(run.folder, "--steps", "2:3", "--weights", "--out", tmp_path / "out")
    again, recorded = metrics(tmp_path / "out"), run.metrics()
    assert again.keys() == {2, 3}
    for step, found in again.items():
        assert found == pytest.approx(recorded[step], abs=CLOSE)
        for name in ("reward", "advantage", "log_probs", "completion_ids"):
            assert column(tmp_path / "out", step, name) == column(run.folder, step, name)
    assert recorded[3]["learner/kl"] > 0
    assert largest_weight_difference(said) <= CLOSE
    assert "rewards are as recorded" in said
    (actors,) = (set(line.split()[1:]) for line in said.splitlines() if line.startswith("actors: "))
    ours = {name for name in actors if name in ("LearnerActor", "RewardWorker") or "Engine" in name or "Judge" in name}
    assert ours == {"LearnerActor"}, actors
    assert "vllm loaded: False" in said
    assert content(run.folder) == before


def test_a_run_without_early_checkpoints_and_without_its_scorer_s_file_is_replayed_from_the_tuned_model(
    run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    for step in (0, 1):
        shutil.rmtree(copy / "checkpoints" / f"grpo_{step:06d}")
    run.scorer.unlink()
    try:
        said = replay(copy, "--steps", "2", "--rescore", "--weights", "--out", tmp_path / "out")
    finally:
        run.scorer.write_text(SCORER)
    assert "the state before step 2 is not kept: from tuned_model on, recorded steps are learned from as they were" in said
    assert f"{run.scorer} is gone; the text that the run keeps is used" in said
    assert "rewards are given anew: --rescore" in said
    assert metrics(tmp_path / "out")[2] == pytest.approx(run.metrics()[2], abs=CLOSE)
    for name in ("reward", "parts", "levels", "rest"):
        assert column(tmp_path / "out", 2, name) == column(run.folder, 2, name)
    assert largest_weight_difference(said) <= CLOSE


def test_another_loss_and_another_scorer_make_another_update(run: Run, tmp_path: Path) -> None:
    run.scorer.write_text("def score(sample): return 1.0 - min(1.0, len(set(sample.completion)) / 40)\n")
    try:
        said = replay(
            run.folder,
            "grpo.loss=gspo",
            "grpo.credit=sequence",
            "grpo.kl=0",
            "--steps",
            "2",
            "--weights",
            "--out",
            tmp_path / "out",
        )
    finally:
        run.scorer.write_text(SCORER)
    assert "rewards are given anew: the text of mine has changed since the run" in said
    assert column(tmp_path / "out", 2, "reward") != run.rewards(2)
    found, recorded = metrics(tmp_path / "out")[2], run.metrics()[2]
    assert found["reward/parts/mine"] == pytest.approx(1 - recorded["reward/parts/mine"])
    assert found["learner/kl"] == 0.0 < recorded["learner/kl"]
    # One number of an update, such as its loss, may be alike by chance; all advantages and all weights are not.
    assert column(tmp_path / "out", 2, "advantage") != column(run.folder, 2, "advantage")
    assert largest_weight_difference(said) > CLOSE
