"""What the phases of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from rl.config.schema import Config
from rl.record.console import say
from rl.record.directory import Progress, RunDirectory
from rl.record.metrics import ScoredStep, step_line
from rl.record.results import Results
from rl.record.rollouts import write_rollouts
from rl.record.tracking import Tracker
from rl.run.preparation import Splits
from rl.run.workers import Workers


@dataclass
class Run:
    """What the phases of a run share."""

    config: Config
    directory: RunDirectory
    splits: Splits
    tracker: Tracker
    team: Workers
    results: Results
    progress: Progress = field(default_factory=Progress)


def record(run: Run, scored: ScoredStep, metrics: dict[str, float], left: str) -> None:
    """Write down a step: rollouts and metrics.jsonl first, then MLflow, then the console, with the time left."""
    step = run.progress.step
    write_rollouts(run.directory.rollouts / f"step_{step}.parquet", step, scored)
    run.directory.log_metrics({"phase": "grpo", "step": step, "metrics": metrics})
    run.tracker.log(metrics, step)
    run.tracker.trace(scored, step)
    say(" | ".join(filter(None, (step_line(step, run.config.grpo.steps, metrics), left))))


def checkpoint(run: Run) -> None:
    """Save what going on needs."""
    keep = run.config.checkpoints.keep
    run.directory.save_checkpoint(run.progress, lambda folder: run.team.learners.call("save_state", str(folder)), keep)
    run.directory.drop_other_bests(run.progress.best_step)


def due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
