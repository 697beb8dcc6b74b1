"""Held-out evaluation and validation of a run."""

from __future__ import annotations

from rl.record.directory import advanced, write_folder
from rl.run.state import Run


def best_so_far(run: Run) -> dict[str, float]:
    """Measure the val split; keep the learner's state if it is the best yet. Returns metrics."""
    with run.results.timed("validate"):
        reward, measures = run.team.validate(run.splits.val, run.progress.step)
        if run.config.evaluation.keep_best and (run.progress.best is None or reward > run.progress.best):
            run.progress = advanced(run.progress, best=reward, best_step=run.progress.step)
            write_folder(run.directory.best(run.progress.step), lambda folder: run.team.learners.call("save_state", str(folder)))
    return {"val/reward": reward, **{f"val/{key}": value for key, value in measures.items()}}
