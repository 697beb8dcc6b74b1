"""What an evaluation leaves behind: its folder, metrics in MLflow, and files for lmms-eval."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rl.config.completions import longest_completion
from rl.evaluation.comparison import Comparison
from rl.evaluation.lmms_eval.logs import Logged, log_files, sanitised
from rl.evaluation.lmms_eval.task import task_files
from rl.evaluation.tables import markdown, remarks, sheets_of
from rl.record.console import warn
from rl.record.files import write_atomically
from rl.record.runs.directory import RunDirectory
from rl.record.runs.owner import RunOwned, refuse_if_owned
from rl.record.tracking.ending import Ending, ending_of
from rl.record.tracking.parameters import run_parameters
from rl.record.tracking.points import evaluations_of
from rl.record.tracking.tracker import Tracker
from rl.run.evaluation import Found


def save(found: Found, comparisons: Sequence[Comparison]) -> None:
    """Write what was measured of each row, all figures, and the tables; and tell MLflow."""
    place = found.evaluated.place
    results = {
        "evaluations": [summary.to_json() for summary in found.summaries],
        "comparisons": [one.to_json() for one in comparisons],
    }
    table = markdown(sheets_of(found.summaries, comparisons), remarks(found.summaries))
    _write(place.path, {place.rows.name: place.rows_text(found.rows)})
    _write(place.path, {place.results.name: json.dumps(results, indent=1, ensure_ascii=False), place.table.name: table})
    _track(found)


def save_for_lmms_eval(found: Found) -> Path:
    """Write logs as lmms-eval writes them, and a task with which it asks the same rows. Returns their folder."""
    evaluated = found.evaluated
    logged = [Logged(*one) for one in zip(found.questions, found.answers, found.rows, strict=True)]
    longest = {one.score.task: longest_completion(evaluated.config.evaluation.max_tokens, one.score.task) for one in logged}
    folder = evaluated.place.lmms_eval
    _write(folder / "logs" / sanitised(evaluated.name), log_files(evaluated.name, logged, datetime.now()))
    _write(folder / "task", task_files(logged, longest, folder / "task"))
    return folder


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomically(folder / name, text)


def _track(found: Found) -> None:
    """Keep all figures as a line of evaluations.jsonl, and log them in MLflow: in the run that the model comes of, else in one of
    the evaluation's own."""
    evaluated, place = found.evaluated, found.evaluated.place
    first, *others = found.summaries
    metrics = first.metrics()
    for summary in others:
        metrics |= {name.replace("eval/", "eval_direct/", 1): value for name, value in summary.metrics().items()}
    directory = evaluated.run or RunDirectory(place.path)
    # the second of the evaluation is its step, since there may be several
    evaluations_of(directory).append({"phase": "eval", "step": int(time.time()), "metrics": metrics})
    if evaluated.run is None:
        tracker = Tracker(evaluated.config, directory, warn, "the same evaluation again sends them: what was answered is kept")
        parameters = {"evaluated": evaluated.name, **{f"eval.{key}": value for key, value in first.how.items()}}
        ending = Ending("FINISHED", time.time())
    elif evaluated.config.tracking.mlflow and not _is_owned(directory):
        tracker = Tracker(evaluated.config, directory, warn)
        parameters = run_parameters(RunDirectory.open(directory.path)[1], directory)
        ending = ending_of(directory)
    else:
        return
    tracker.start(parameters)
    tracker.catch_up()
    tracker.attach(place.table, place.results)
    tracker.finish(ending)


def _is_owned(directory: RunDirectory) -> bool:
    """Whether the run is being trained, which is told."""
    try:
        refuse_if_owned(directory)
    except RunOwned:
        warn(f"{directory.path} is being trained: MLflow is told of this evaluation at its end")
        return True
    return False
