"""The examples of one's own estimator, loss, row format and weight transfer, in a short training."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rl.record.runs.directory import RunDirectory
from rollout.rows.data import open_rows
from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(400)
HOME = QUICKSTART.parent.parent


def as_subtitled(source: Path, target: Path) -> Path:
    """A file of rows in the example's form."""
    rows = open_rows(source)
    with target.open("w") as file:
        for row in (rows[index] for index in range(len(rows))):
            asked = {"clip": row.media[0].path, "subtitle": "Oh!", "question": row.question, "reply": row.reference}
            kept = {"task": row.task, "source": row.source, "answer": row.answer, "tree": row.tree, "options": list(row.options)}
            file.write(json.dumps({**asked, **kept}) + "\n")
    return target


def train(*settings: str) -> RunDirectory:
    """A short run to its end."""
    command = [str(BIN / "affectree"), "train", str(QUICKSTART), "cluster.address=local", "tracking.mlflow=false", *settings]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    runs = next(word.removeprefix("runs=") for word in settings if word.startswith("runs="))
    return RunDirectory(next(path for path in Path(runs).iterdir() if path.is_dir()))


def test_a_run_takes_all_four_from_files(faces: Path, tmp_path: Path) -> None:
    splits = [
        f"data.{name}={as_subtitled(faces / f'{name}.jsonl', tmp_path / f'{name}.jsonl')}" for name in ("train", "val", "test")
    ]
    own = (
        "data.format=examples/subtitles_format.py:with_subtitles",
        "grpo.estimator=examples/rank_estimator.py:by_rank",
        "grpo.estimator_parameters={sharpness: 2.0}",
        "grpo.loss=examples/soft_gate_loss.py:soft_gate",
        "grpo.loss_parameters={negative: 1.5}",
        "rollout.transfer=examples/disk_transfer.py:DiskTransfer",
        f"rollout.transfer_parameters.folder={tmp_path / 'weights'}",
    )
    short = ("grpo.steps=2", "evaluation.every=0", "evaluation.reasoning=null")
    directory = train(*small_settings(faces, tmp_path / "runs", *splits, *short, *own))
    steps = [record["metrics"] for record in directory.metrics.read() if record["phase"] == "grpo"]
    assert [step["sync/version"] for step in steps] == [2.0, 3.0]
    assert all(0.0 <= step["learner/faded_share"] <= 1.0 for step in steps)  # what the loss counts
    assert all(step["sync/logprob_diff"] < 1e-3 for step in steps)
    assert [file.name for file in (tmp_path / "weights").iterdir()] == ["weights.safetensors"]
    assert all(step["sync/bytes"] == (tmp_path / "weights" / "weights.safetensors").stat().st_size for step in steps)
    assert (directory.model / "model.safetensors").is_file()
