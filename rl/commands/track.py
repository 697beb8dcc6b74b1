"""`affectree track`: what MLflow is told of runs."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from rewards.errors import UserError
from rl.config.load import load_config
from rl.record.console import say, warn

app = typer.Typer(no_args_is_help=True, help="Experiment tracking.")


@app.callback()
def track() -> None:
    """Experiment tracking."""


@app.command()
def sync(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    settings: Annotated[list[str] | None, typer.Argument(help="Such as tracking.uri=http://host:5000.")] = None,
) -> None:
    """Send MLflow all that it lacks of a run: settings, values, traces, files, and how it ended."""
    from rl.record.runs.directory import RunDirectory
    from rl.record.runs.owner import refuse_if_owned
    from rl.record.tracking.ending import ending_of
    from rl.record.tracking.parameters import run_parameters
    from rl.record.tracking.points import measured_lines
    from rl.record.tracking.tracker import Tracker

    if other := [word for word in settings or [] if not word.startswith("tracking.")]:
        raise UserError(f"{other[0]}: only settings of `tracking` can be given here, such as tracking.uri=http://host:5000")
    directory, config = RunDirectory.open(run)
    config = load_config(directory.config_file, settings, files=False) if settings else config
    if not config.tracking.mlflow:
        raise UserError(f"{run}: this run is not tracked (tracking.mlflow=false); to send it, add tracking.mlflow=true")
    refuse_if_owned(directory)
    deque(measured_lines(directory), maxlen=0)  # what cannot be read is told before anything is sent
    tracker = Tracker(config, directory, warn, "the same command sends what is missing")
    tracker.start(run_parameters(config, directory))
    tracker.catch_up()
    tracker.finish(ending_of(directory))
    if tracker.failures:
        raise SystemExit(1)
    say(f"MLflow at {tracker.uri} has all of run {tracker.run_id}; sent now: {tracker.sent}")
