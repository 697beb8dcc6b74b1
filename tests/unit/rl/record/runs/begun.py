"""Run folders that look as training leaves them, without any training."""

from __future__ import annotations

import json
from pathlib import Path

from rl.config.load import load_config
from rl.config.rates import learning_rate
from rl.config.schema import Config
from rl.record.runs.beginning import Beginning
from rl.record.runs.directory import RunDirectory
from rl.record.runs.progress import Progress

QUICKSTART = Path("configs/quickstart.yaml").resolve()


def begun_run(runs: Path, *words: str, steps: int = 3) -> tuple[RunDirectory, Config]:
    """A run that has done two tuning steps and so many GRPO steps, with a checkpoint after each of them."""
    given = [f"runs={runs}", "grpo.steps=30", "checkpoints.every=1", "curriculum.stages.attribute.steps=2", *words]
    given += ["curriculum.stages.expression.steps=0", "curriculum.stages.emotion.steps=0"]
    config = load_config(QUICKSTART, given, files=False)
    run = Beginning(config, given).make()
    for name in ("initial_model", "tuned_model"):
        (run.path / name).mkdir()
        (run.path / name / "model.safetensors").write_text(name)
    for step in (1, 2):
        record(run, "tune", step, {"tune/learning_rate": 1e-3 / step}, stage="attribute")
    measure(run, "init", "tuned")
    checkpoint(run, Progress("tune", 2, 0))
    checkpoint(run, Progress("grpo", 0, 3))
    for step in range(1, steps + 1):
        record(run, "grpo", step, {"learner/learning_rate": learning_rate(config.grpo, step)})
        checkpoint(run, Progress("grpo", step, 3 + step, estimator={"reward": {"": [0.5, 1.0]}}))
    return run, config


def record(run: RunDirectory, phase: str, step: int, metrics: dict[str, float], **more: str) -> None:
    """A step's line in metrics.jsonl."""
    run.metrics.append({"phase": phase, "step": step, **more, "metrics": metrics})


def measure(run: RunDirectory, *stages: str) -> None:
    """Evaluations, in metrics.jsonl and summary.json."""
    summary = run.summary()
    for stage in stages:
        run.metrics.append({"phase": "evaluate", "stage": stage, "metrics": {"root_accuracy": 0.5}})
        summary["stages"][stage] = {"root_accuracy": 0.5}
    run.summary_file.write_text(json.dumps(summary))


def checkpoint(run: RunDirectory, progress: Progress, keep: int = 9) -> None:
    """A checkpoint with a learner's state that says of which step it is."""

    def write(folder: Path) -> None:
        (folder / "state").mkdir()
        (folder / "state" / "weights.pt").write_text(f"{progress.phase} {progress.step}")

    run.checkpoints.save(progress, write, keep, run.needs(progress))
