"""Whether the records of a run hold what its last checkpoint has done."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rl.record.runs.errors import RunError
from rl.record.runs.metrics_file import MetricsFile
from rl.record.runs.progress import Progress


def check_complete(
    metrics: MetricsFile, summary: Mapping[str, Any], last: Progress | None, parent: Mapping[str, Any] | None
) -> None:
    """Raises `RunError` if lines of steps that are done are not there, as where a file was cut off, or evaluations are not; or if
    checkpoints were removed, without which all that is done would be done again, and lost.

    Args:
        metrics: the run's metrics.jsonl.
        summary: what summary.json holds.
        last: progress of the last checkpoint; None if there is none.
        parent: what `run.json` keeps of the run that a fork comes of, which has the steps before.
    """
    if last is None:  # the end of tuning has one in any case
        _check_not_begun(metrics)
    progress = last or Progress()
    found = {record["step"] for record in metrics.lines() if record.get("phase") == progress.phase}
    first = parent["step"] + 1 if parent and parent["phase"] == progress.phase else 1
    if missing := [step for step in range(first, progress.step + 1) if step not in found]:
        what = f"{progress.phase} step {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise RunError(f"{metrics.path}: holds no line of {what}, which the last checkpoint has done; restore the file")
    done = [stage for stage in ("init", "tuned") if progress != Progress() and progress.includes_evaluation(stage)]
    if lacking := [stage for stage in done if not parent and stage not in summary["stages"]]:
        file = metrics.path.with_name("summary.json")
        raise RunError(f"{file}: does not hold the evaluation {lacking[0]!r}, which is done; restore the file")


def _check_not_begun(metrics: MetricsFile) -> None:
    """Raises `RunError` if GRPO steps are done."""
    done = max((record["step"] for record in metrics.lines() if record.get("phase") == "grpo"), default=0)
    if done:
        run = metrics.path.parent
        fork = f"`affectree train --fork {shlex.quote(str(run))} --at 0` begins a run of its own from tuned_model"
        raise RunError(
            f"{run / 'checkpoints'}: has no checkpoint, though {done} GRPO steps are done, which going on would do anew and "
            f"overwrite; restore one, or {fork}"
        )
