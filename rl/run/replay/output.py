"""The files of a replay, where they are wanted: as those of a run, so that whatever reads these reads them."""

from __future__ import annotations

from pathlib import Path

from rewards.errors import UserError
from rl.record.rollouts import write_rollouts
from rl.record.runs.directory import RunDirectory
from rl.record.runs.metrics_file import MetricsFile
from rl.run.replay.figures import ReplayedStep


class Output:
    """A folder with `metrics.jsonl` and `rollouts/`."""

    def __init__(self, path: Path, run: RunDirectory) -> None:
        """
        Args:
            path: the folder; it is made at once.
            run: the run that is replayed, into whose folder nothing is written.

        Raises:
            UserError: for a folder that holds something already, lies within the run's, or cannot be made.
        """
        if path.resolve().is_relative_to(run.path):
            raise UserError(f"--out {path}: lies in the run's folder, which a replay leaves as it is; name another")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"--out {path}: holds something already; name a new folder")
        self._rollouts = path / "rollouts"
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--out {path}: cannot be made ({(error.strerror or str(error)).lower()}); name another") from error
        self._metrics = MetricsFile(path / "metrics.jsonl")

    def write(self, step: ReplayedStep) -> None:
        """Write a step: its figures, and its samples with the rewards and advantages of the replay."""
        number, groups = step.recorded.step, step.recorded.groups
        self._rollouts.mkdir(exist_ok=True)
        file = self._rollouts / f"step_{number}.parquet"
        write_rollouts(file, number, step.recorded.version, step.groups, [group.row for group in groups])
        self._metrics.append({"phase": "grpo", "step": number, "metrics": dict(step.metrics)})
